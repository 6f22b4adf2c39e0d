"""One file a figure: every module here with `draw(comparison, options) -> Drawing` is found by itself."""
