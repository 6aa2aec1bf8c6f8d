"""What an association can set, read from `tenure.toml` once and passed down."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.base.toml_reading import NotToml, read_toml


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if url and parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("carries a user name or password; leave them out")
    return url


_SafeUrl = Annotated[str, AfterValidator(_safe)]
"""An address to which requests go encrypted, or to this machine; empty for none."""


class Association(_Section):
    """Who the members belong to."""

    name: str = "My association"
    time_zone: str = "UTC"
    currency: str = Field(default="$", pattern=r"^(?:[A-Z]{0,2}[$€£¥]|[A-Z]{3} )$")


class Source(_Section):
    """Where the records come from."""

    kind: Literal["files", "imis", "sql"]
    path: str = ""
    url: str = ""
    username: str = ""
    mapping: str = "stock"
    requests_per_hour: int = Field(default=3600, ge=0)
    page_size: int = Field(default=500, ge=1, le=500)
    timeout_seconds: float = Field(default=60, gt=0)
    proxy: str = ""
    ca_file: str = ""


class FreeExtension(_Section):
    """Days that were given to members whose terms ended in a stretch of time, without a payment.

    Args:
        since: First day of the stretch.
        until: Its last day.
        days: How many days were given.
        types: To which member types; empty for all.
        recorded: How the source shows it: the end of the term was moved, a term without dues was granted, or not.
    """

    since: dt.date
    until: dt.date
    days: int = Field(gt=0, le=1095)
    types: tuple[str, ...] = ()
    recorded: Literal["ends_moved", "granted_term", "not_recorded"] = "ends_moved"

    @model_validator(mode="after")
    def _in_order(self) -> FreeExtension:
        if self.until < self.since:
            raise ValueError("`until` lies before `since`")
        return self


class Membership(_Section):
    """The association's own rules about terms.

    `grace_days` holds a `default` and, by member type, what differs from it: whole days from 0 on. With
    `accrual`, billing moves the paid-through date before anything is paid, so that only `paid_on` shows a payment.
    """

    grace_days: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=lambda: {"default": 30})
    lifetime_types: tuple[str, ...] = ()
    complimentary_types: tuple[str, ...] = ()
    list_billed_types: tuple[str, ...] = ()
    accrual: bool = False
    free_extensions: tuple[FreeExtension, ...] = ()

    def grace_of(self, member_type: str) -> int:
        """Days after the end of a term in which a payment still renews it."""
        return self.grace_days.get(member_type, self.grace_days.get("default", 30))


class Intake(_Section):
    """What bad input holds a night back."""

    quarantine_limit: float = Field(default=0.05, ge=0, le=1)
    volume_gate: float = Field(default=0.20, ge=0, le=1)
    overlap_minutes: int = Field(default=15, ge=0)


class Bands(_Section):
    """From which probability of not renewing a member stands in which band."""

    high: float = Field(default=0.50, gt=0, lt=1)
    medium: float = Field(default=0.20, gt=0, lt=1)
    new_member_days: int = Field(default=180, ge=0)


class Model(_Section):
    """How the model is made and how often."""

    train_every_days: int = Field(default=30, ge=1)
    refits: int = Field(default=10, ge=4)
    threads: int = Field(default=0, ge=0)
    seed: int = 20250301
    promotion: Literal["automatic", "by-person"] = "automatic"
    shadow_nights: int = Field(default=3, ge=0)
    protected: tuple[str, ...] = ("birth_year", "gender")


class Capacity(_Section):
    """How many members staff can call; what a list is worth depends on it."""

    hours_per_month: float = Field(default=0, ge=0)
    minutes_per_call: float = Field(default=20, gt=0)

    @property
    def calls_per_month(self) -> int:
        """Calls that fit into the hours; 0 where the hours are not known."""
        return int(self.hours_per_month * 60 / self.minutes_per_call)

    @property
    def minutes_per_week(self) -> float:
        """Minutes of staff time a week; 0 where the hours are not known."""
        return self.hours_per_month * 12 / 52 * 60


LINKS = (
    "renew", "rejoin", "pay", "card", "events", "benefits", "learning", "community", "committees", "career",
    "chapter", "profile", "contact",
)  # fmt: skip
"""Pages of the association that a message may lead to."""


class Outreach(_Section):
    """How playbooks select, who is left out, and when messages leave.

    Shares run from 0 to 1. `holdout_share` of all members are never contacted by a playbook, `control_share` of those
    whom a playbook selects are left out to compare with. `assumed_kept` and `assumed_kept_by_message` are the shares of
    the odds of lapsing that a talk and a message are taken to prevent, until that has been measured; contact more than
    `start_days` before the end of a term has half of it for each `half_life_days`. A step is not worth proposing that
    would take more than `hours_per_kept` hours to keep a member of usual dues (0: anything is). `worth` says what an
    hour keeps: `dues`, or `members`, each alike. `quiet_from` to `quiet_until` is by the member's own time zone, else
    the association's. `second_person` names what one person alone cannot approve: `top_value`, `offer`, `bulk:N`.
    `hardship_industries` are those that do badly, as the source writes them, with the day since when that is known.
    `links` are the association's own pages, by the names of `LINKS`, https alone.
    """

    enabled: bool = True
    start_days: int = Field(default=45, ge=1, le=365)
    dormant_days: int = Field(default=365, ge=1)
    holdout_share: float = Field(default=0.05, ge=0, le=0.5)
    control_share: float = Field(default=0.10, ge=0, le=0.5)
    assumed_kept: float = Field(default=0.10, ge=0, lt=1)
    assumed_kept_by_message: float = Field(default=0.04, ge=0, lt=1)
    half_life_days: int = Field(default=60, ge=1)
    hours_per_kept: float = Field(default=25, ge=0)
    worth: Literal["dues", "members"] = "dues"
    exploration_share: float = Field(default=0.10, ge=0, le=1)
    contacts_per_month: int = Field(default=3, ge=1)
    week_cap: int = Field(default=0, ge=0)
    undo_seconds: int = Field(default=30, ge=0)
    open_days: int = Field(default=21, ge=1)
    quiet_from: str = Field(default="20:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    quiet_until: str = Field(default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    second_person: tuple[str, ...] = ("top_value", "offer", "bulk:50")
    competitors: tuple[str, ...] = ()
    hardship_purpose: str = ""
    hardship_by_address: bool = False
    hardship_industries: dict[str, dt.date] = Field(default_factory=dict)
    displacement_purpose: str = ""
    jurisdiction: Literal["us", "ca", "uk", "eu"] = "us"
    jurisdictions: dict[str, Literal["us", "ca", "uk", "eu"]] = Field(default_factory=dict)
    public_url: str = ""
    links: dict[str, str] = Field(default_factory=dict)

    @field_validator("links")
    @classmethod
    def _lead_somewhere_safe(cls, links: dict[str, str]) -> dict[str, str]:
        for name, url in links.items():
            if name not in LINKS:
                raise ValueError(f"no `{name}`; it is one of {', '.join(LINKS)}")
            if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?", url):
                raise ValueError(f"`{name}` must be an address that begins with https://")
        return links


class Mail(_Section):
    """The server that takes outgoing email; the password lies in `secrets/mail.password` or TENURE_MAIL_PASSWORD."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    sender_name: str = ""
    sender: str = ""
    reply_to: str = ""
    postal_address: str = ""
    timeout_seconds: float = Field(default=30, gt=0)
    messages_per_minute: int = Field(default=60, ge=1)


class Reports(_Section):
    """Reports to staff by email.

    They leave at `at` by the association's time zone, those of the week on `weekly_on`, those of the day on every
    other day too but the weekend's. `staff_url` is where staff open the pages; without it, reports have no links.
    Without `names`, members go by their ids.
    """

    at: str = Field(default="07:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    weekly_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    weekends: bool = False
    names: bool = True
    staff_url: _SafeUrl = ""


class Provider(_Section):
    """A service that sends text or in-app messages for Tenure; see docs/providers.md for what it is sent."""

    url: str = ""
    timeout_seconds: float = Field(default=30, gt=0)


class Webhooks(_Section):
    """Outgoing webhooks. `networks` are the private networks in which receivers may be, such as `10.1.2.0/24`."""

    networks: tuple[str, ...] = ()
    timeout_seconds: float = Field(default=15, gt=0, le=60)

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks


class Tasks(_Section):
    """How tasks, calls and notes look in iMIS, where they are activities.

    `reference_field` holds what tells one from another, and must be in use for none of these types. A task is done
    when `done_field` holds one of `done_codes`. `assignees` says what iMIS calls the person for each of `manager`,
    `liaison`, `director`, or a name of staff.
    """

    task_type: str = "TASK"
    call_type: str = "CALL"
    message_type: str = "LETTER"
    log_type: str = "RETENTION"
    log_messages: bool = True
    due_days: int = Field(default=3, ge=0, le=365)
    reference_field: str = Field(default="UF_1", pattern=r"^[A-Z][A-Z0-9_]*$")
    done_field: str = Field(default="STATUS_CODE", pattern=r"^[A-Z][A-Z0-9_]*$")
    done_codes: tuple[str, ...] = ("C", "COMPLETE", "COMPLETED", "DONE")
    assignees: dict[str, str] = Field(default_factory=dict)


class LanguageModel(_Section):
    """An OpenAI-compatible endpoint that may smooth drafts; off without a `url`.

    Prices are of a million tokens, told to it and answered by it, in whatever money `money_per_day` is; 0 of that is no
    ceiling.
    """

    url: _SafeUrl = ""
    model: str = ""
    tokens_per_day: int = Field(default=200_000, ge=0)
    money_per_day: float = Field(default=0, ge=0)
    price_told: float = Field(default=0, ge=0)
    price_answered: float = Field(default=0, ge=0)
    timeout_seconds: float = Field(default=30, gt=0)

    @model_validator(mode="after")
    def _knows_prices(self) -> LanguageModel:
        if self.money_per_day and not (self.price_told and self.price_answered):
            raise ValueError("a ceiling in money needs `price_told` and `price_answered`, of a million tokens each")
        return self


class Night(_Section):
    """When a night begins, and who is told of it. `starts_at` is local, by the association's time zone.

    `spread_minutes` is over how long the nights of the associations on one machine are spread from there on; those that
    share the folder `turns` never begin within `apart_seconds` of one another.
    """

    starts_at: str = Field(default="02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    spread_minutes: int = Field(default=0, ge=0, le=720)
    turns: str = ""
    apart_seconds: int = Field(default=60, ge=1, le=3600)
    ping_url: _SafeUrl = ""

    @property
    def begins(self) -> dt.time:
        """`starts_at` as a time of day."""
        return dt.time.fromisoformat(self.starts_at)


class Writeback(_Section):
    """The one door into iMIS."""

    enabled: bool = True
    table: str = "AI_Member_Risk"
    install_table: bool = True
    max_band_changes: float = Field(default=0.25, ge=0, le=1)
    park_after: int = Field(default=3, ge=1)


class Web(_Section):
    """Where the staff pages are served. `second_factor` says who has to sign in with a code besides the password."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    second_factor: Literal["optional", "approvers", "everyone"] = "optional"


class Oidc(_Section):
    """An identity provider by which staff sign in (OpenID Connect); off without an `issuer`.

    The client's secret lies in `secrets/oidc.secret` or TENURE_OIDC_SECRET. `roles` turns groups into roles, such as
    `"tenure-managers" = "manager"` or `"gulf" = "liaison:Gulf"`; the first that fits rules.
    """

    issuer: _SafeUrl = ""
    client_id: str = ""
    name: str = "your organization"
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    username_claim: str = "preferred_username"
    groups_claim: str = "groups"
    roles: dict[str, str] = Field(default_factory=dict)
    create_accounts: bool = False
    timeout_seconds: float = Field(default=10, gt=0, le=60)

    @field_validator("roles")
    @classmethod
    def _are_roles(cls, roles: dict[str, str]) -> dict[str, str]:
        for group, role in roles.items():
            if not re.fullmatch(r"viewer|liaison:.+|manager|director|analyst|administrator|auditor", role):
                raise ValueError(f"`{group}` gives no role; a liaison's is written `liaison:CHAPTER`")
        return roles


class Retention(_Section):
    """After how many years Tenure forgets what it proposed and said; 0 for never, and 3 at least."""

    outreach_years: int = Field(default=0, ge=0, le=100)

    @field_validator("outreach_years")
    @classmethod
    def _outlast_a_return(cls, years: int) -> int:
        # What was proposed within two years is not proposed again, and a former member may yet come back to it.
        if years in (1, 2):
            raise ValueError("must be 0 or at least 3")
        return years


class Ledger(_Section):
    """The transactional database: empty for SQLite in the home directory, else a postgresql:// address.

    `anchors` is the directory that gets the anchor of the audit log each night; empty for `anchors/` in the home.
    """

    database: str = ""
    anchors: str = ""


class Settings(_Section):
    """All of `tenure.toml`."""

    association: Association = Association()
    source: Source
    membership: Membership = Membership()
    intake: Intake = Intake()
    bands: Bands = Bands()
    model: Model = Model()
    capacity: Capacity = Capacity()
    outreach: Outreach = Outreach()
    mail: Mail = Mail()
    reports: Reports = Reports()
    sms: Provider = Provider()
    in_app: Provider = Provider()
    webhooks: Webhooks = Webhooks()
    tasks: Tasks = Tasks()
    language_model: LanguageModel = LanguageModel()
    night: Night = Night()
    writeback: Writeback = Writeback()
    web: Web = Web()
    oidc: Oidc = Oidc()
    retention: Retention = Retention()
    ledger: Ledger = Ledger()

    @property
    def writes_into_imis(self) -> bool:
        """Whether iMIS is the source and is written to."""
        return self.source.kind == "imis" and self.writeback.enabled

    @property
    def notes_messages(self) -> bool:
        """Whether messages are noted on members' records in iMIS."""
        return self.writes_into_imis and self.tasks.log_messages


def read_settings(home: Home) -> Settings:
    """Read and check the home's `tenure.toml`.

    Raises:
        UsageError: The file is missing, is not TOML, or holds a key or value that cannot be; each is named.
    """
    home.require()
    return parse_settings(home.settings_file.read_bytes(), home.settings_file)


def parse_settings(text: bytes, path: Path) -> Settings:
    """Check the text of a settings file; *path* is for messages.

    Raises:
        UsageError: As for `read_settings`.
    """
    try:
        raw = read_toml(text.decode())
    except (NotToml, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not valid TOML: {error}", mend="mend the line it names, or take the file out of a backup"
        ) from error
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"`{'.'.join(map(str, e['loc']))}`: {e['msg'].lower()}" for e in error.errors())
        raise UsageError(
            f"{path} has settings that cannot be: {faults}", mend="docs/settings.md lists every key"
        ) from error
