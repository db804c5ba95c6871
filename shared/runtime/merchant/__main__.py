"""The command line of merchants: follow, make happen, look, send anew, let time pass.

    python -m shared.runtime.merchant listen --forward-to http://localhost:3000/hooks
    python -m shared.runtime.merchant trigger charge.succeeded
    python -m shared.runtime.merchant logs --follow
    python -m shared.runtime.merchant replay --since 15m --forward-to http://localhost:3000/hooks
    python -m shared.runtime.merchant clock advance 3d

The key is in PAY_API_KEY or a file (`--key-file .data/credentials.json`), never an argument. It
speaks French or English as LANG asks; with --json each result is an object on a line. Exit code 0;
1 with one sentence on standard error.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from shared.domain.events import EVENT_TYPES
from shared.runtime.merchant import replay, test_clock
from shared.runtime.merchant.api import Api, CommandError, http_url, login
from shared.runtime.merchant.forward import Forwarder, read_secret
from shared.runtime.merchant.listen import Listener
from shared.runtime.merchant.output import Output
from shared.runtime.merchant.scenarios import ENDINGS, NUMBERS, Shop, trigger, why_not
from shared.runtime.merchant.words import Speaker

USUAL_MANY = 20


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command; return its exit code."""
    speaker = Speaker.of(environment)
    options = _parser().parse_args(arguments)
    output = Output(speaker, is_json=options.json)
    try:
        if options.command == "trigger" and options.list:
            _list_types(output)
            return 0
        api = Api(login(environment, options.key_file, options.api, speaker), speaker)
        _COMMANDS[options.command](options, api, output, environment)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _listen(
    options: argparse.Namespace, api: Api, output: Output, environment: Mapping[str, str]
) -> None:
    forwarder = _forwarder(options.forward_to, output, environment)
    output.say("listening", url=options.forward_to)
    listener = Listener(api, forwarder, output, types=options.events)
    listener.cursor = options.after
    listener.run()


def _trigger(
    options: argparse.Namespace, api: Api, output: Output, _environment: Mapping[str, str]
) -> None:
    if options.type is None:
        raise CommandError(output.speaker.say("type_unknown", type="-"))
    shop = Shop(api, output, operator=options.operator, seconds=options.seconds)
    replay.write_event(trigger(shop, options.type, options.code), output)


def _logs(
    options: argparse.Namespace, api: Api, output: Output, _environment: Mapping[str, str]
) -> None:
    if not options.events:
        replay.show_deliveries(api, output, options.limit, follow=options.follow)
        return
    replay.show_events(api, output, options.limit)
    if options.follow:
        Listener(api, _Shown(output), output, types=None).run()


def _replay(
    options: argparse.Namespace, api: Api, output: Output, environment: Mapping[str, str]
) -> None:
    now = datetime.now(UTC)
    if (options.event is None) == (options.since is None):
        raise CommandError(output.speaker.say("event_or_range"))
    since = None if options.since is None else replay.read_time(options.since, now, output.speaker)
    until = replay.read_time(options.until, now, output.speaker) if options.until else None
    bounds = {"event": options.event, "since": since, "until": until or int(now.timestamp()) + 1}
    if options.forward_to is None:
        replay.resend(api, options.endpoint, output, **bounds)
        return
    forwarder = _forwarder(options.forward_to, output, environment)
    taken, count = replay.forward(api, forwarder, **bounds)
    output.say("forwarded", taken=taken, count=count, url=options.forward_to)


def _clock(
    options: argparse.Namespace, api: Api, output: Output, _environment: Mapping[str, str]
) -> None:
    if options.move is None:
        test_clock.show(api, output)
    elif options.move == "advance":
        test_clock.advance(api, output, options.time)
    else:
        test_clock.move_to(api, output, options.time)


def _forwarder(url: str, output: Output, environment: Mapping[str, str]) -> Forwarder:
    secret = read_secret(environment.get("PAY_WEBHOOK_SECRET"), output.speaker)
    forwarder = Forwarder(http_url(url, output.speaker), secret, output)
    output.say("secret", secret=secret.shown)
    return forwarder


class _Shown:
    """Takes events where a Forwarder does, and only shows them."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def send(self, event: Mapping[str, object]) -> bool:
        """Write an event."""
        replay.write_event(event, self._output)
        return True


def _list_types(output: Output) -> None:
    for type_ in EVENT_TYPES:
        why = why_not(type_)
        codes = list(ENDINGS.get(type_, {}))
        note = f"- {output.speaker.say(why)}" if why else " ".join(codes)
        output.row(f"{type_:<32} {note}".rstrip(), type=type_, reachable=not why, codes=codes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="merchant", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="an object on a line for each result")
    common.add_argument("--key-file", help="the key, or JSON with secret_key and base_url")
    common.add_argument("--api", help="the API's address; else PAY_API_URL, the file's, or local")
    commands = parser.add_subparsers(dest="command", required=True)

    listen = commands.add_parser("listen", parents=[common], help="send events on as they happen")
    listen.add_argument("--forward-to", required=True, metavar="URL")
    listen.add_argument("--events", metavar="TYPES", help="such as charge.*,payout.paid")
    listen.add_argument("--after", metavar="EVENT", help="go on after this event")

    happen = commands.add_parser("trigger", parents=[common], help="make it happen in test mode")
    happen.add_argument("type", nargs="?", metavar="EVENT_TYPE")
    happen.add_argument("--list", action="store_true", help="which types there are")
    happen.add_argument("--code", help="how it fails, of a type that says so")
    happen.add_argument("--operator", choices=sorted(NUMBERS), default="mtn")
    happen.add_argument("--seconds", type=float, default=60.0, help="how long to wait for it")

    shown = commands.add_parser("logs", parents=[common], help="deliveries of webhooks, or events")
    shown.add_argument("--events", action="store_true", help="events instead of deliveries")
    shown.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    shown.add_argument("--limit", type=int, choices=range(1, 101), metavar="N", default=USUAL_MANY)

    again = commands.add_parser("replay", parents=[common], help="send events anew")
    again.add_argument("event", nargs="?", metavar="EVENT")
    again.add_argument("--since", metavar="TIME", help="15m, 2h, Unix seconds, an ISO time")
    again.add_argument("--until", metavar="TIME")
    again.add_argument("--endpoint", metavar="ID", help="by the API, to this endpoint")
    again.add_argument("--forward-to", metavar="URL", help="from here, to an address of your own")

    passing = commands.add_parser("clock", parents=[common], help="what time it is in test mode")
    moves = passing.add_subparsers(dest="move")
    further = moves.add_parser("advance", parents=[common], help="let time pass")
    further.add_argument("time", metavar="SPAN", help="90s, 15m, 2h or 3d")
    until = moves.add_parser("to", parents=[common], help="let time pass until then")
    until.add_argument("time", metavar="TIME", help="Unix seconds, a day or an ISO time")
    return parser


_COMMANDS = {
    "listen": _listen,
    "trigger": _trigger,
    "logs": _logs,
    "replay": _replay,
    "clock": _clock,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
