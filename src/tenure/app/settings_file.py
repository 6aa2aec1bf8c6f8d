"""The text of a new `tenure.toml`: every setting, what it means, and what it is when left out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answers:
    """What `tenure init` was told.

    Args:
        kind: `files`, `imis` or `sql`.
        name: What the association calls itself.
        path: Folder of the exports, for files.
        url: Address of the iMIS site, for imis; of its database, for sql.
        username: Account that reads and writes, for imis.
        grace_days: Days after the end of a term in which a payment still renews it.
        requests_per_hour: Ceiling on requests to iMIS; 0 for none.
        port: Where the staff pages are served.
        mapping: The mapping, where it is not the one that ships.
    """

    kind: str
    name: str = "My association"
    path: str = ""
    url: str = ""
    username: str = ""
    grace_days: int = 30
    requests_per_hour: int = 3600
    port: int = 8000
    mapping: str = ""


def _text(value: str) -> str:
    """*value* as a TOML basic string, whose escapes are those of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


_HEAD = """\
# Settings of one association. Every key is listed; one that is commented out shows its default.
# docs/settings.md explains each. After a change, `tenure doctor` says whether all is well.

[association]
name = {name}
# time_zone = "UTC"                 # in which iMIS states its times, such as "America/New_York"
# currency = "$"                    # before amounts in messages, such as "€", "C$" or "CHF "

"""

_FILES = """\
[source]
kind = "files"                      # a folder in the contract's form: members and terms, and what else there is
path = {path}
"""

_IMIS = """\
[source]
kind = "imis"                       # an iMIS site, by REST; the password is never kept in this file
url = {url}
username = {username}
{mapping}
{requests}
# page_size = 500                   # rows asked for at once; iMIS gives 500 at most
# timeout_seconds = 60              # after which one request is given up
# proxy = ""                        # such as "http://proxy.example.org:8080", or "none"; empty: HTTPS_PROXY, NO_PROXY
# ca_file = ""                      # a PEM file with the certificate of a private authority
"""

_SQL = """\
[source]
kind = "sql"                        # the database of an iMIS, read only; the password is never kept in this file
url = {url}
{mapping}
# timeout_seconds = 60              # after which one statement is given up
"""

_REST = """
[membership.grace_days]
# Days after the end of a term in which a payment still renews it. One line per member type that differs:
# "STU" = 60
default = {grace_days}

[membership]
# lifetime_types = []               # member types without a renewal, besides terms without an end
# complimentary_types = []          # member types that pay nothing, besides terms with dues of 0
# list_billed_types = []            # types whose terms are billed to the organization that pays for the person
# accrual = false                   # true: billing moves the paid-through date before anything is paid
# Days given for free, one part for each stretch of ends; `recorded` is ends_moved, granted_term or not_recorded:
# [[membership.free_extensions]]
# since = 2020-03-01
# until = 2020-08-31
# days = 90
# types = ["REG"]
# recorded = "ends_moved"

[intake]
# quarantine_limit = 0.05           # share of a table's rows that may be bad before the night is held back
# volume_gate = 0.20                # share by which a table may shrink or swell before the night is held back
# overlap_minutes = 15              # how far before the last record a sync reads again, for late commits

[bands]
# high = 0.50                       # from this probability of not renewing: high
# medium = 0.20                     # from this one: medium; below it: low
# new_member_days = 180             # without a completed renewal and known for fewer days: new

[model]
# train_every_days = 30             # a night trains when the last model is older than this
# refits = 10                       # half-sample refits behind each interval
# threads = 0                       # processors to use; 0 for all
# seed = 20250301                   # of everything drawn by chance
# promotion = "automatic"           # a new model serves once it is no worse; or "by-person": once somebody says so
# shadow_nights = 3                 # nights for which a new model scores beside the one in use before it takes over
# protected = ["birth_year", "gender"]  # never a feature; for fairness audits only

[capacity]
# hours_per_month = 0               # hours that staff have for calls; 0 when not known
# minutes_per_call = 20             # how long one call takes, with what goes before and after it

[outreach]
# enabled = true                    # let playbooks propose what to do; nothing leaves without a person's approval
# start_days = 45                   # how long before the end of a term reminders begin
# dormant_days = 365                # from so many days after a lapse on, a member is dormant
# holdout_share = 0.05              # share of members whom no playbook contacts, to measure against
# control_share = 0.10              # share of those a playbook selects who are left out, to measure against
# assumed_kept = 0.10               # share of the odds of lapsing that a talk takes off, until it has been measured
# assumed_kept_by_message = 0.04    # the same of a message
# half_life_days = 60               # contact so long before start_days is taken to have half its effect
# hours_per_kept = 25               # staff hours to keep a member of usual dues, above which a step is not proposed
# worth = "dues"                    # what the order counts: dues kept an hour, or "members", each alike
# exploration_share = 0.10          # share of staff time for members whom the order of worth would leave out
# contacts_per_month = 3            # messages and calls to one member in 30 days
# week_cap = 0                      # members contacted in 7 days, in all; 0 for no cap
# undo_seconds = 30                 # how long an approval waits before anything leaves
# open_days = 21                    # after which a proposal that nobody decided is withdrawn
# quiet_from = "20:00"              # nothing is sent from then on, by the member's time zone
# quiet_until = "08:00"             # until then
# second_person = ["top_value", "offer", "bulk:50"]  # what needs a second person's approval
# competitors = []                  # names of competing organizations, for change of employer
# hardship_purpose = ""             # why payments are read as hardship; empty: they are not
# hardship_by_address = false       # whether a change of address is a sign of it
# hardship_industries = {{}}          # industries that do badly, with the day since when: {{ Shipping = 2025-03-01 }}
# displacement_purpose = ""         # why employers are compared with competitors; empty: they are not
# jurisdiction = "us"               # whose rules on messages hold: us, ca, uk or eu
# jurisdictions = {{}}                # by country as iMIS writes it, such as {{ "Canada" = "ca" }}
# public_url = ""                   # where members reach this server, for links to unsubscribe and to answer
# links = {{}}                        # pages of yours that messages lead to, such as {{ "renew" = "https://…" }}

[mail]
# host = ""                         # the server that takes email; empty: none is sent
# port = 587
# security = "starttls"             # or "tls", or "none" for a server on this machine
# username = ""                     # its password lies in secrets/mail.password or TENURE_MAIL_PASSWORD
# sender_name = ""                  # who messages come from
# sender = ""                       # their address
# reply_to = ""                     # where replies go; empty: to the sender
# postal_address = ""               # stands in the footer of every commercial message
# timeout_seconds = 30
# messages_per_minute = 60

[reports]
# at = "07:00"                      # when reports to staff leave by email, by the association's time zone
# weekly_on = "monday"              # the day of the weekly one
# weekends = false                  # whether the daily one leaves on Saturdays and Sundays too
# names = true                      # whether members go by their names in them, or by their ids alone
# staff_url = ""                    # where staff open these pages; empty: reports have no links

[sms]
# url = ""                          # a service that sends text messages; docs/providers.md
# timeout_seconds = 30

[in_app]
# url = ""                          # a service that shows in-app messages; docs/providers.md
# timeout_seconds = 30

[webhooks]
# networks = []                     # private networks in which receivers may be, such as "10.1.2.0/24"
# timeout_seconds = 15

[tasks]
# task_type = "TASK"                # activity types of iMIS: of tasks with a follow-up date
# call_type = "CALL"                # of calls to be made
# message_type = "LETTER"           # of the note that a message was sent
# log_type = "RETENTION"            # of other notes
# log_messages = true               # note each message on the member's record in iMIS
# due_days = 3                      # until a task is due, where its playbook does not say
# reference_field = "UF_1"          # where an activity keeps what Tenure knows it by; otherwise unused
# done_field = "STATUS_CODE"        # where staff mark a task as done
# done_codes = ["C", "COMPLETE", "COMPLETED", "DONE"]  # and by which codes
# assignees = {{}}                    # who `manager` and others are in iMIS, such as {{ "manager" = "MJONES" }}

[language_model]
# url = ""                          # an OpenAI-compatible endpoint that may smooth drafts; empty: none
# model = ""
# tokens_per_day = 200000
# money_per_day = 0                 # a ceiling in money, by the two prices; 0 for none
# price_told = 0                    # of a million tokens that it is told
# price_answered = 0                # of a million tokens that it answers
# timeout_seconds = 30

[night]
# starts_at = "02:00"               # local time from which `tenure run --if-due` finds a night due
# spread_minutes = 0                # over how long the nights of the associations on one machine are spread
# turns = ""                        # a folder that they share: no two of them then begin within apart_seconds
# apart_seconds = 60
# ping_url = ""                     # told of each night's start, success and failure, as healthchecks.io wants it

[writeback]
# enabled = true                    # write scores into iMIS; only with an iMIS source
# table = "AI_Member_Risk"          # the custom table that takes them, and nothing else is written
# install_table = true              # create it when it is not there and the account may
# max_band_changes = 0.25           # share of members whose band may change overnight before a person is asked
# park_after = 3                    # refusals in a row before a row is parked for a week

[retention]
# outreach_years = 0                # after how many years proposals, messages and answers are forgotten; 0: never

[web]
# host = "127.0.0.1"                # where the staff pages listen
{port}
# allowed_hosts = ["127.0.0.1", "localhost"]
# second_factor = "optional"        # who needs a code besides the password: "approvers", "everyone"

[oidc]
# issuer = ""                       # identity provider by which staff sign in; the secret: TENURE_OIDC_SECRET
# client_id = ""                    # what it calls Tenure
# name = "your organization"        # on the sign-in page: "Sign in with ..."
# scopes = ["openid", "profile", "email"]  # what it is asked for
# username_claim = "preferred_username"
# groups_claim = "groups"           # [oidc.roles] turns groups into roles; docs/settings.md says how
# create_accounts = false           # make an account for whoever has none

[ledger]
# database = ""                     # empty for SQLite in this directory, else postgresql://user@host/name
# anchors = ""                      # where each night's anchor of the audit log goes; empty for anchors/ in here
"""


def settings_text(answers: Answers, given: Mapping[str, str | int | float | bool] | None = None) -> str:
    """The commented `tenure.toml` for *answers*, with the settings in *given*, such as `mail.host`, at other values.

    Raises:
        KeyError: There is no such setting.
    """
    source = {"files": _FILES, "imis": _IMIS, "sql": _SQL}[answers.kind]
    text = _HEAD + source + _REST
    values = {
        "name": _text(answers.name),
        "path": _text(answers.path),
        "url": _text(answers.url),
        "username": _text(answers.username),
        "grace_days": answers.grace_days,
        "requests": _setting("requests_per_hour", answers.requests_per_hour, 3600, "0 for no ceiling"),
        "mapping": _mapping(answers),
        "port": _setting("port", answers.port, 8000, "0 for any that is free"),
    }
    made = text.format(**values)
    for name, value in (given or {}).items():
        made = _with(made, name, value)
    return made


def _with(text: str, name: str, value: str | float | bool) -> str:
    """*text* with one setting that is commented out in it at *value*."""
    section, _, key = name.rpartition(".")
    head, mark, rest = text.partition(f"[{section}]\n")
    part, bracket, tail = rest.partition("\n[")
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    part, count = re.subn(rf"^# {key} = [^#\n]*", lambda _: f"{line:<35} ", part, count=1, flags=re.MULTILINE)
    if not count:
        raise KeyError(name)
    return head + mark + part + bracket + tail


def _mapping(answers: Answers) -> str:
    usual = "sql" if answers.kind == "sql" else "stock"
    comment = "how its queries, tables and codes map to the contract: a profile or a file"
    return f"{'' if answers.mapping else '# '}mapping = {_text(answers.mapping or usual)}".ljust(36) + f"# {comment}"


def _setting(key: str, value: int, default: int, comment: str) -> str:
    lead = "# " if value == default else ""
    return f"{lead}{key} = {value}".ljust(36) + f"# {comment}"
