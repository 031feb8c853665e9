"""What a module imports: what its code uses, whatever its texts say."""

from cmdsl.emit.module import Import, import_lines

MATH = Import("math", standard=True)


def test_a_name_in_a_text_is_no_use_of_an_import() -> None:
    assert import_lines([MATH], 'PARAMS = {"a\\"": A, "math": MATH}\ndef f():\n    """math"""') == []
    assert import_lines([MATH], 'PARAMS = {"math": math.pi}') == ["import math"]
    assert import_lines([MATH], 'raise ValueError("about " + f"{math.pi}")') == ["import math"]
