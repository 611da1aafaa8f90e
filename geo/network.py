"""One door for every kind of road network: says what a source is and imports it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geo.gmns import import_tables
from geo.osm import Say, import_osm, unheard
from geo.tables import Table

EXTRACTS = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".o5m")
TABLES = (".csv", ".parquet", ".pq")


def import_network(
    sources: Path | Sequence[Path], target: Path, say: Say = unheard, country: str | None = None
) -> dict[str, Any]:
    """Build the graph file of an OpenStreetMap extract or of a table of nodes and one of links.

    Tables may be CSV or Parquet, in either order: which is which is seen from their columns.
    `country` (as CN, PT, US) chooses the speeds of roads without one; by default it follows from
    where the network lies. Returns counts of what went in and what was left out. Raises
    ValueError when the sources are of no known kind or hold no roads.
    """
    files = [sources] if isinstance(sources, Path) else list(sources)
    names = [file.name.lower() for file in files]
    if len(files) == 1 and names[0].endswith(EXTRACTS):
        return import_osm(files[0], target, say, country)
    if not all(name.endswith(TABLES) for name in names):
        raise ValueError(
            f"{', '.join(map(str, files))}: neither one OpenStreetMap extract ({EXTRACTS[0]}) "
            f"nor two tables ({', '.join(TABLES)})"
        )
    nodes = [file for file in files if "node_id" in Table(file).called]
    links = [file for file in files if "from_node_id" in Table(file).called]
    if len(files) != 2 or len(nodes) != 1 or len(links) != 1:
        raise ValueError(
            f"{', '.join(map(str, files))}: needs one table with node_id and one with "
            f"from_node_id and to_node_id"
        )
    return import_tables(nodes[0], links[0], target, say, country)
