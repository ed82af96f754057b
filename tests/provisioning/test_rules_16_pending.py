"""What stays pending after a failure, and who finishes it (semantics, rule 16)."""

import asyncio
from pathlib import Path

import pytest
from scim2_models import NotFoundException, SCIMException

from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.model import MemberChange, Precondition
from tests.provisioning.site import mapping_text, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann", "displayName": "Ann"}
STORM = ["before"] * 3


async def test_rule_16_an_outage_is_503_with_a_wait_never_404_or_400(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.down = True
        for request in (
            here.get(ann["id"]),
            here.post({"userName": "bob"}),
            here.put(ann["id"], ANN),
            here.patch(ann["id"], {"title": "T"}),
            here.delete(ann["id"]),
        ):
            with pytest.raises(Unavailable503) as failure:
                await request
            assert failure.value.retry_after > 0


async def test_o14_what_an_outage_ended_before_it_was_planned_has_its_audit_line(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.down = True
        for request in (here.post({"userName": "bob"}), here.patch(ann["id"], {"title": "T"}), here.delete(ann["id"])):
            with pytest.raises(Unavailable503):
                await request
        lines = [(line.operation, line.outcome, line.id) for line in (await here.ledger.audit())[1:]]
        assert lines == [
            ("create", "failed", ""),
            ("patch", "failed", ann["id"]),
            ("delete", "pending", ann["id"]),
        ]


async def test_rule_16_only_the_reducing_part_stays_pending(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.patch(ann["id"], {"active": False, "title": "Leaver"})
        assert await here.later() == 1
        held = here.entry(ann["id"])
        assert held["state"] == ("off",)
        assert "title" not in held, "what was answered 503 and takes nothing away is for the IdP to send again"
        assert (await here.get(ann["id"]))["active"] is False
        assert await here.ledger.pending() == []


@pytest.mark.parametrize("dialect_of", ["put", "patch"])
async def test_rule_16_what_cannot_even_be_planned_is_parked_too(tmp_path: Path, dialect_of: str) -> None:
    """The target is away when the request comes, so that nothing of it can be read."""
    async with site(tmp_path) as here:
        ann, bob, eve = [(await here.post({"userName": name}))["id"] for name in ("ann", "bob", "eve")]
        team = (await here.post({"displayName": "Team", "members": [{"value": id} for id in (ann, eve)]}, "Group"))[
            "id"
        ]
        here.weather.down = True
        off = here.put(ann, {"userName": "ann", "active": False, "title": "T"})
        if dialect_of == "patch":
            off.close()
            off = here.patch(ann, {"active": False, "title": "T"})  # type: ignore[assignment]
        out = here.put(team, {"displayName": "Team", "members": [{"value": ann}]}, "Group")
        for request in (off, here.delete(bob), out, here.remove(team, ann), here.patch(eve, {"active": True})):
            with pytest.raises(Unavailable503):
                await request
        here.weather.down = False
        assert await here.later() == 3
        assert here.entry(ann)["state"] == ("off",)
        assert "title" not in here.entry(ann)
        assert here.entry(bob)["state"] == ("off",)
        assert here.members(team) == set()
        with pytest.raises(NotFoundException):
            await here.get(bob)
        assert await here.ledger.pending() == []


async def test_rule_16_a_conditional_request_is_not_carried_out_later(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.down = True
        with pytest.raises(Unavailable503):
            await here.delete(ann["id"], when=Precondition(if_match=ann["meta"]["version"]))
        assert await here.ledger.pending() == []


async def test_rule_16_a_grant_is_never_finished_unasked(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, "active": False})
        team = await here.post({"displayName": "Team"}, "Group")
        for word in ("before", "lost"):
            here.weather.coming = [word] * 3
            with pytest.raises(Unavailable503):
                await here.patch(ann["id"], {"active": True})
            here.weather.coming = [word] * 3
            with pytest.raises(Unavailable503):
                await here.add(team["id"], ann["id"])
        assert await here.later() == 0
        assert here.entry(ann["id"])["state"] == ("off",)
        assert here.members(team["id"]) == set()


async def test_rule_16_a_removal_of_members_is_driven_to_the_end(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ids = [(await here.post({"userName": name}))["id"] for name in ("ann", "bob", "eve")]
        team = await here.post({"displayName": "Team", "members": [{"value": id} for id in ids]}, "Group")
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.remove(team["id"], ids[0], ids[1])
        assert here.members(team["id"]) == set(ids)
        assert await here.later() == 1
        assert here.members(team["id"]) == {ids[2]}


async def test_rule_16_what_is_asked_later_overtakes_what_is_pending(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ids = [(await here.post({"userName": name}))["id"] for name in ("ann", "bob")]
        team = await here.post({"displayName": "Team", "members": [{"value": id} for id in ids]}, "Group")
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.remove(team["id"], *ids)
        await here.add(team["id"], ids[0])
        assert here.members(team["id"]) == {ids[0]}, "the next write takes over what was owed, less what it grants"
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.patch(ids[0], {"active": False})
        await here.patch(ids[0], {"active": True})
        await here.later()
        assert here.entry(ids[0])["state"] == ("on",)
        assert here.members(team["id"]) == {ids[0]}
        assert await here.ledger.pending() == []


@pytest.mark.parametrize("verb", ["off", "delete"])
async def test_rule_16_who_is_switched_on_again_is_not_switched_off_later(tmp_path: Path, verb: str) -> None:
    """The deactivation took effect, its answer was lost, and then the IdP changed its mind."""
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        here.weather.coming = ["dies"]
        with pytest.raises(Unavailable503):
            await (here.patch(ann, {"active": False}) if verb == "off" else here.delete(ann))
        here.weather.clear()
        assert here.entry(ann)["state"] == ("off",)
        answer = await here.patch(ann, {"active": True})
        assert answer is not None
        assert answer["active"] is True
        await here.later()
        assert here.entry(ann)["state"] == ("on",)
        assert (await here.get(ann))["active"] is True
        assert await here.ledger.pending() == []


async def test_rule_16_a_deactivation_is_taken_over_by_the_next_write(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.patch(ann["id"], {"active": False})
        await here.patch(ann["id"], {"title": "T"})
        assert here.entry(ann["id"])["state"] == ("off",)
        assert await here.ledger.pending() == []


@pytest.mark.parametrize("word", ["before", "after", "lost"])
async def test_rule_16_a_pending_delete_is_finished_by_the_worker(tmp_path: Path, word: str) -> None:
    text = mapping_text(lifecycle='delete = "delete"')
    async with site(tmp_path, text) as here:
        ann = await here.post(ANN)
        here.weather.coming = [word] * 3
        if word == "after":
            await here.delete(ann["id"])
        else:
            with pytest.raises(Unavailable503):
                await here.delete(ann["id"])
            assert await here.later() == 1
        assert here.entries() == {}
        with pytest.raises(NotFoundException):
            await here.get(ann["id"])


async def test_rule_16_pending_work_survives_a_restart_and_waits_for_the_target(tmp_path: Path) -> None:
    async with site(tmp_path, ledger_url=f"sqlite:///{tmp_path}/ledger.db") as here:
        ann = await here.post(ANN)
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.patch(ann["id"], {"active": False})
        here.restarted()
        here.weather.down = True
        assert await here.later() == 0
        here.weather.down = False
        assert await here.later() == 1
        assert here.entry(ann["id"])["state"] == ("off",)


async def test_rule_16_attempts_grow_further_apart(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.patch(ann["id"], {"active": False})
        here.weather.down = True
        waits = []
        for _ in range(4):
            await here.later()
            (pending,) = await here.ledger.pending()
            waits.append((pending.next_due - here.clock()).total_seconds())
        assert waits == sorted(waits)
        assert waits[-1] > 2 * waits[0]


async def test_rule_16_pending_work_that_is_refused_is_put_down_and_said(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.patch(ann["id"], {"active": False})
        here.provisioner = here.connect("okta", text=mapping_text(user="protect = ['userName eq \"ann\"']"))
        assert await here.later() == 0
        (pending,) = await here.ledger.pending()
        assert pending.failed
        assert "protected" in pending.reason


async def test_rule_16_an_uncertain_create_is_finished_by_the_repeated_post(tmp_path: Path) -> None:
    """The answer was lost and the target went away: 503. The IdP sends it again: one entry, 201, no adoption."""
    for chooses in (True, False):
        where = tmp_path / str(chooses)
        where.mkdir()
        text = mapping_text(user='adopt = "never"', rows='nickName = { attr = "nick", default = "new" }')
        async with site(where, text, chooses=chooses) as here:
            here.weather.coming = ["dies"]
            with pytest.raises(Unavailable503):
                await here.post(ANN)
            here.weather.clear()
            await here.worker().recover()
            assert len(here.entries()) == 1
            ann = await here.post(ANN)
            assert list(here.entries()) == [ann["id"]]
            assertion = await here.ledger.get(here.provisioner.grounds["User"].scope, ann["id"])
            assert assertion is not None
            assert assertion.origin == "created"
            assert await here.ledger.unsettled() == []


@pytest.mark.parametrize("chooses", [True, False])
async def test_a_lost_answer_is_not_a_lost_request(tmp_path: Path, chooses: bool) -> None:
    async with site(tmp_path, chooses=chooses) as here:
        here.weather.coming = ["after"]
        ann = await here.post(ANN)
        assert list(here.entries()) == [ann["id"]]
        here.weather.coming = ["after", "lost"]
        await here.patch(ann["id"], {"title": "T"})
        assert here.entry(ann["id"])["title"] == ("T",)
        here.weather.coming = ["lost", "after"]
        bob = await here.post({"userName": "bob"})
        assert len(here.entries()) == 2
        assert bob["userName"] == "bob"


async def test_a_crash_between_record_and_confirm_is_settled_at_the_next_start(tmp_path: Path) -> None:
    """What happened is confirmed, what reduces is done, what was granted and did not happen is not."""
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        bob = await here.post({"userName": "bob", "active": False})

        async def crash(*_: object) -> None:
            raise asyncio.CancelledError

        confirm, here.ledger.confirm = here.ledger.confirm, crash  # type: ignore[method-assign,assignment]
        for request in (here.patch(ann["id"], {"active": False}), here.patch(bob["id"], {"title": "T"})):
            with pytest.raises(asyncio.CancelledError):
                await request
        here.ledger.confirm = confirm  # type: ignore[method-assign]
        here.restarted()
        assert len(await here.ledger.unsettled()) == 2
        await here.worker().recover()
        assert await here.ledger.unsettled() == []
        await here.later()
        scope = here.provisioner.grounds["User"].scope
        assertions = await here.ledger.by_ids(scope, [ann["id"], bob["id"]])
        assert assertions[ann["id"]].document["active"] is False
        assert assertions[bob["id"]].document["title"] == "T"
        assert here.entry(ann["id"])["state"] == ("off",)


async def test_a_crash_before_the_target_was_touched(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        bob = await here.post({"userName": "bob", "active": False})
        here.weather.coming = ["crash", "crash"]

        def crash(word: str) -> None:
            if word == "crash":
                raise asyncio.CancelledError

        plain, here.weather.before_write = here.weather.before_write, lambda *a: crash("crash")  # type: ignore
        for request in (
            here.patch(ann["id"], {"active": False}),
            here.patch(bob["id"], {"active": True}),
            here.post({"userName": "eve"}),
        ):
            with pytest.raises(asyncio.CancelledError):
                await request
        here.weather.before_write = plain  # type: ignore[method-assign]
        here.weather.coming = []
        here.restarted()
        await here.worker().recover()
        assert await here.ledger.unsettled() == []
        await here.later()
        assert here.entry(ann["id"])["state"] == ("off",), "a deactivation was lost"
        assert here.entry(bob["id"])["state"] == ("off",), "a grant was finished unasked"
        assert len(here.entries()) == 2
        assert (await here.patch(bob["id"], {"active": True}) or {})["active"] is True


async def test_the_worker_runs_and_stops(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.coming = [*STORM]
        with pytest.raises(Unavailable503):
            await here.patch(ann["id"], {"active": False})
        here.clock.forward(60)
        worker = here.worker()
        running = asyncio.create_task(worker.run())
        for _ in range(500):
            if here.entry(ann["id"])["state"] == ("off",):
                break
            await asyncio.sleep(0.01)
        worker.stop()
        await asyncio.wait_for(running, 10)
        assert here.entry(ann["id"])["state"] == ("off",)


async def test_a_refused_change_is_never_shown(tmp_path: Path) -> None:
    async with site(tmp_path, unique=["mail"]) as here:
        await here.post({"userName": "bob", "emails": [{"value": "b@x"}]})
        ann = await here.post(ANN)
        team = await here.post({"displayName": "Team"}, "Group")
        with pytest.raises(SCIMException) as failure:
            await here.patch(ann["id"], {"emails": [{"value": "b@x", "type": "work"}], "title": "T"})
        assert failure.value.status == 409
        shown = await here.get(ann["id"])
        assert "title" not in shown
        assert "emails" not in shown
        with pytest.raises(SCIMException, match="nobody-here"):
            await here.change_members(
                team["id"], MemberChange("add", (ann["id"],)), MemberChange("add", ("nobody-here",))
            )
        assert here.members(team["id"]) == set()
