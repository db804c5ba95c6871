"""Puts the simulator together and leads each request to a provider's face or to the control."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator import clock, control, mtn, provisioning
from shared.simulator.answers import error_body, json_response
from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database, DatabaseUnavailable
from shared.simulator.log import Log
from shared.simulator.orange import face as orange
from shared.simulator.orange.answers import unavailable
from shared.simulator.orange.channels import Channels
from shared.simulator.orange.desk import Desk as OrangeDesk
from shared.simulator.orange_web import face as orange_web
from shared.simulator.orange_web.contracts import Contracts
from shared.simulator.orange_web.desk import Desk as OrangeWebDesk
from shared.simulator.products import Desk
from shared.simulator.settings import (
    OwnAccount,
    OwnChannel,
    OwnWebContract,
    Settings,
    SettingsError,
)
from shared.simulator.store import Store
from shared.simulator.tokens import TokenMint
from shared.simulator.users import COLLECTION, DISBURSEMENT, Users

_REFRESH: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the secret files said when last read."""

    own_account: OwnAccount | None
    own_disbursement: OwnAccount | None
    own_channel: OwnChannel | None
    own_web_contract: OwnWebContract | None
    control_token: str | None
    mint: TokenMint
    channels: Channels
    contracts: Contracts
    read_at: datetime


class Simulator:
    """One process of the simulator. It connects at first use; PostgreSQL keeps the books."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._database = Database(settings)
        self._sender = CallbackSender(self._database, clock.now, log)
        self._users = Users(self._database)
        self._store = Store(self._database)
        self._guard = threading.Lock()
        self._told: _Told | None = None

    def start(self) -> None:
        """Begin to send what a killed process left behind, without waiting for a request."""
        self._sender.start()

    def handle(self, request: Request) -> Response:
        """Answer any request; a database that cannot be reached becomes the operator's 503."""
        now = clock.now()
        try:
            return self._lead(request, now)
        except (DatabaseUnavailable, SettingsError) as error:
            self._log.warning("simulator_unavailable", reason=str(error))
            if request.path.startswith("/orange/"):
                return unavailable()
            return json_response(503, error_body("SERVICE_UNAVAILABLE"))
        except Exception as error:  # noqa: BLE001 - a defect must not show a number in a path
            self._log.exception("simulator_failed", error)
            return json_response(500, error_body("INTERNAL_PROCESSING_ERROR"))

    def _lead(self, request: Request, now: datetime) -> Response:
        self._sender.start()
        told = self._refresh(now)
        face, _, rest = request.path.lstrip("/").partition("/")
        if face == "mtn":
            desk = Desk(
                self._users, self._database, self._store, self._sender, told.mint, self._log
            )
            return mtn.handle(desk, request, f"/{rest}", now=now, hold=_hold)
        if face == "orange" and orange_web.is_meant(rest):
            web = OrangeWebDesk(
                told.contracts,
                self._database,
                self._store,
                self._sender,
                self._settings.public_url or request.host_url.rstrip("/"),
            )
            return orange_web.handle(web, request, f"/{rest}", now=now, hold=_hold, log=self._log)
        if face == "orange":
            counter = OrangeDesk(
                told.channels, self._database, self._store, self._sender, self._log
            )
            return orange.handle(counter, request, f"/{rest}", now=now, hold=_hold)
        if face == "_control":
            prepared = {
                ("mtn", COLLECTION): told.own_account,
                ("mtn", DISBURSEMENT): told.own_disbursement,
                ("orange", COLLECTION): told.own_channel,
                ("orange", DISBURSEMENT): told.own_channel,
                ("orange", control.WEB): told.own_web_contract,
            }
            own = {whose: each.api_user.lower() for whose, each in prepared.items() if each}
            office = control.Office(
                self._database, self._sender, told.channels, told.contracts, own
            )
            return control.handle(office, request, f"/{rest}", token=told.control_token, now=now)
        return json_response(404, {"message": "no such provider"})

    def _refresh(self, now: datetime) -> _Told:
        """Look at the secret files once a second, and book a changed account."""
        told = self._told
        if told is not None and now - told.read_at < _REFRESH:
            return told
        with self._guard:
            token = self._settings.control_token()
            secret = token or self._settings.database().password
            account, payer = self._settings.own_account(), self._settings.own_disbursement()
            before = (None, None) if told is None else (told.own_account, told.own_disbursement)
            if (account, payer) != before:
                provisioning.put_own_accounts(
                    self._database,
                    self._users,
                    account,
                    payer,
                    host=self._settings.callback_host,
                    now=now,
                )
            channel, channels = self._settings.own_channel(), Channels(self._database, secret)
            if channel is not None and (told is None or channel != told.own_channel):
                channels.put(channel, now)
            web, contracts = self._settings.own_web_contract(), Contracts(self._database)
            if web is not None and (told is None or web != told.own_web_contract):
                contracts.put(web, now)
            self._told = _Told(
                account,
                payer,
                channel,
                web,
                token,
                TokenMint(secret),
                channels,
                contracts,
                now,
            )
            return self._told


def _hold(seconds: float) -> None:
    threading.Event().wait(seconds)
