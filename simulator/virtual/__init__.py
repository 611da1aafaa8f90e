"""Virtual time: model worlds without streets, and days of a real district over the real desk."""
