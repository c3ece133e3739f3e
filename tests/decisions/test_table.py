"""One table, three deciders, one answer."""

import pytest

from deciders import Core, Server
from table import rows
from tickets import Tickets

NAMES = ["core", "edge", "function"]


@pytest.fixture(scope="module")
def decided(core, site, system, now):
    """What each decider says of each row, and what the table says."""
    # A function is reached over HTTPS and told so; here a plain server stands in for that.
    function_base = system["uploads"].replace("http://", "https://")
    logs = f"{system['data']}/logs"
    secrets = {
        **site.secrets,
        "STORE_ACCESS_KEY_ID": system["keys"]["store"]["access_key_id"],
        "STORE_SECRET_ACCESS_KEY": system["keys"]["store"]["secret_access_key"],
    }
    deciders = {
        "core": (Core(core, system["policy"], secrets, system["edge"]), system["edge"]),
        "edge": (
            Server(system["edge"], f"{logs}/edge.log", {"allowed", "preflight"}),
            system["edge"],
        ),
        "function": (
            Server(system["uploads"], f"{logs}/uploads.log", {"redirected", "preflight"}),
            function_base,
        ),
    }
    decisions, expected = {}, {}
    for name, (decider, base) in deciders.items():
        table = rows(Tickets(site, base, now))
        decisions[name] = decider.decide(table, now)
        expected[name] = {row.name: row.expected for row in table}
    assert expected["core"] == expected["edge"] == expected["function"]
    return decisions, expected["core"]


def test_there_are_at_least_200_rows(decided):
    _, expected = decided
    outcomes = set(expected.values())
    assert len(expected) >= 200 and len(outcomes) >= 30, (len(expected), sorted(outcomes))


@pytest.mark.parametrize("decider", NAMES)
def test_each_decides_as_the_table_says(decided, decider):
    decisions, expected = decided
    wrong = [
        f"{name}: {decisions[decider][name]}, not {outcome}"
        for name, outcome in expected.items()
        if decisions[decider][name] != outcome
    ]
    assert not wrong, "\n".join(wrong)
