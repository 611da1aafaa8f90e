"""Our packages have everyday names: each must come from this tree and be claimed by nobody else."""

from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("dispatch", "geo", "gateways", "simulator", "street110")


@pytest.mark.parametrize("name", OURS)
def test_package_comes_from_this_tree(name: str) -> None:
    found = import_module(name).__file__
    assert found is not None
    assert Path(found).resolve() == ROOT / name / "__init__.py"


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_claims_the_name(name: str) -> None:
    claimed_by = set(packages_distributions().get(name, []))
    assert claimed_by <= {"street110"}
