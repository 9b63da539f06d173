"""A show on many platforms, in a network of its own: what came where, what it showed, what it leaked.

    python -m tests.live.every_server ORDER     # a JSON file; the answer is written beside it

`tests.live.test_every_server` starts it inside `tests.live.namespaces`, and judges.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spiritstream.model.lifecycle import State
from tests.live.canaries import Canary, files_below, leaks
from tests.live.namespaces import enter
from tests.live.peers.everyone import Everyone, Server, addresses, everyone
from tests.live.processes import descendants, until
from tests.live.program import Home, Program, call, running

ARRIVE_S = 120
# A name of each platform's API leads here, where nobody listens: what is looked up falls back at once.
_NOBODY = "127.0.2.1"
# A key's own query must stay its own, byte for byte.
_QUERIES = ("", "?bandwidthtest=true", "?auth=a%2Fb&t=1")


# In every key, so that one look finds any of them.
_SHARED = Canary("a key")


@dataclass(frozen=True, slots=True)
class Key:
    """A target's own key. Its core is found again in whatever arrives; two of three have a query as well."""

    core: str
    query: str

    @property
    def text(self) -> str:
        """The key."""
        return f"{self.core}{self.query}"


def _key(index: int) -> Key:
    return Key(f"{_SHARED.core}{index:04x}", _QUERIES[index % len(_QUERIES)])


def main(path: Path) -> None:
    """Do what `path` orders, and write what came of it beside it."""
    order = json.loads(path.read_text())
    rows: Sequence[Mapping[str, Any]] = order["rows"]
    servers = [Server(row["scheme"], row["host"], row["port"], row["app"]) for row in rows]
    apis = dict.fromkeys(order["apis"], _NOBODY)
    enter({**apis, **addresses(servers)}, path.parent)
    answer = asyncio.run(_on_air(path.parent, order, rows, servers))
    path.with_name("answer.json").write_text(json.dumps(answer))


async def _on_air(
    folder: Path, order: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], servers: Sequence[Server]
) -> dict[str, Any]:
    keys = {f"t{index}": _key(index) for index in range(len(rows))}
    home = Home(folder / "home")
    profile = _write(home, order["sender"], rows, keys)
    async with everyone(folder, servers) as platforms:
        home.extra["SSL_CERT_FILE"] = str(platforms.certificate)
        checked = await call(home, "validate", profile)
        # Where `spiritstream status` looks for it.
        socket = home.made("xdg_runtime_dir/spiritstream") / "everywhere.sock"
        async with running(home, profile, "--socket", socket, "--ffmpeg", order["ffmpeg"]) as program:
            program.socket = socket
            await _arrived(platforms, program, keys)
            units = [unit for unit in await _all_live(program, len(rows)) if unit.kind == "target"]
            told = await call(home, "status", "--output", "json")
            places = {f"argv of {p.name}": " ".join(p.argv).encode() for p in descendants()}
            places["answer to status"] = await program.ask("status")
        places |= {"validate": checked.out + checked.err, "status": told.out + told.err}
        return {
            "connected": [asdict(server) for server in platforms.connected],
            "published": [
                {"target": name, **asdict(found), "name": found.name.replace(secret.text, "KEY")}
                for found in platforms.published
                for name, secret in keys.items()
                if secret.core in found.name
            ],
            "shown": {unit.path.split(".")[-1]: unit.destination for unit in units},
            "leaks": leaks({**places, **_files(home)}, [_SHARED]),
            "refused": [said.err.decode() for said in (checked, told) if said.code],
            "told": told.out.decode(),
        }


def _write(home: Home, sender: str, rows: Sequence[Mapping[str, Any]], keys: Mapping[str, Key]) -> Path:
    """The profile, and a file for each key. JSON is YAML, too."""
    targets = {}
    for (name, secret), row in zip(keys.items(), rows, strict=True):
        (home.made("keys") / name).write_text(secret.text)
        file = str(home.made("keys") / name)
        targets[name] = {"platform": row["platform"], "server": row["server"], "key": {"file": file}}
    show = {
        "version": 1,
        "name": "everywhere",
        "input": {"test": {"size": "160x90", "fps": 10, "bitrate": "60k"}},
        "groups": {"source": {"sender": sender, "targets": targets}},
    }
    profile = home.work / "everywhere.yaml"
    profile.write_text(json.dumps(show, indent=1))
    return profile


async def _arrived(platforms: Everyone, program: Program, keys: Mapping[str, Key]) -> None:
    """Wait until every key has come to some server."""

    def missing() -> set[str]:
        came = " ".join(found.name for found in platforms.published)
        return {name for name, secret in keys.items() if secret.core not in came}

    seen = -1

    def all_here() -> bool:
        nonlocal seen
        assert program.process.returncode is None, f"it has ended: {program.said()}"
        if seen == len(platforms.published):
            return False
        seen = len(platforms.published)
        return not missing()

    try:
        await until(all_here, "everything arrived", ARRIVE_S)
    except TimeoutError:
        lost = sorted(missing())
        status = {unit.path.split(".")[-1]: unit.cause for unit in (await program.status()).units}
        raise TimeoutError(f"{len(lost)} did not arrive: {[(n, status.get(n)) for n in lost[:5]]}") from None


async def _all_live(program: Program, count: int) -> Sequence[Any]:
    """Wait until every target says itself that it is live."""
    async with asyncio.timeout(ARRIVE_S):
        while True:
            units = (await program.status()).units
            if count == sum(unit.kind == "target" and unit.state is State.LIVE for unit in units):
                return units
            await asyncio.sleep(0.2)


def _files(home: Home) -> dict[str, bytes]:
    """Everything that was written, but the keys' own files: stdout, stderr, state, what is kept."""
    keys = home.made("keys")
    return {name: text for name, text in files_below(home.folder).items() if not name.startswith(f"{keys}/")}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
