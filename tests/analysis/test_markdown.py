from analysis.markdown import escape, table


def test_a_cell_cannot_leave_its_cell_or_become_markup():
    assert escape("a|b\n# c") == "a\\|b \\# c"
    assert escape("<script>x</script>") == "&lt;script&gt;x&lt;/script&gt;"
    assert escape("[x](http://y) *b* `c` \\|") == "\\[x\\](http://y) \\*b\\* \\`c\\` \\\\\\|"


def test_a_table_has_as_many_bars_in_every_line():
    lines = table(["m|n", "value"], [["a", "1"], ["b|", "2"]]).splitlines()
    assert lines == ["| m\\|n | value |", "| --- | ---: |", "| a | 1 |", "| b\\| | 2 |"]
