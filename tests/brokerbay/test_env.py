from brokerbay.env import Environment


def test_a_flag_that_is_neither_yes_nor_no_is_named_with_its_cure() -> None:
    env = Environment({"DEBUG": "maybe"})
    env.flag("DEBUG", default=False, says="")
    assert env.problems == ["DEBUG is 'maybe', which is neither yes nor no. Write true or false."]
