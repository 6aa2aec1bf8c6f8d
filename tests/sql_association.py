"""A real PostgreSQL with the tables of a stock iMIS database, and a few members in them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

PASSWORD = "read-only-please"  # only a database that lives as long as a test knows it

TABLES = """
CREATE SCHEMA dbo;
CREATE SEQUENCE dbo.versions;
CREATE TABLE dbo."Name" ("ID" varchar(10) PRIMARY KEY, "MEMBER_TYPE" varchar(5) NOT NULL DEFAULT '',
  "STATUS" varchar(5) NOT NULL DEFAULT 'A', "CO_ID" varchar(10) NOT NULL DEFAULT '', "TITLE" varchar(80) NOT NULL DEFAULT '',
  "COMPANY" varchar(80) NOT NULL DEFAULT '', "FUNCTIONAL_TITLE" varchar(50) NOT NULL DEFAULT '',
  "FIRST_NAME" varchar(20) NOT NULL DEFAULT '', "LAST_NAME" varchar(30) NOT NULL DEFAULT '', "EMAIL" varchar(100) NOT NULL DEFAULT '',
  "WORK_PHONE" varchar(25) NOT NULL DEFAULT '', "HOME_PHONE" varchar(25) NOT NULL DEFAULT '', "MOBILE_PHONE" varchar(25) NOT NULL DEFAULT '',
  "STATE_PROVINCE" varchar(15) NOT NULL DEFAULT '', "COUNTRY" varchar(25) NOT NULL DEFAULT '', "GENDER" varchar(1) NOT NULL DEFAULT '',
  "BIRTH_DATE" timestamp, "CHAPTER" varchar(15) NOT NULL DEFAULT '', "COMPANY_RECORD" boolean NOT NULL DEFAULT false,
  "JOIN_DATE" timestamp, "PREVIOUS_MT" varchar(5) NOT NULL DEFAULT '', "MT_CHANGE_DATE" timestamp,
  "EXCLUDE_MAIL" boolean NOT NULL DEFAULT false, "DATE_ADDED" timestamp, "LAST_UPDATED" timestamp,
  "TIME_STAMP" bigint NOT NULL DEFAULT nextval('dbo.versions'));
CREATE TABLE dbo."Name_Log" ("DATE_TIME" timestamp, "LOG_TYPE" varchar(10), "SUB_TYPE" varchar(10), "USER_ID" varchar(60),
  "ID" varchar(10), "LOG_TEXT" varchar(255));
CREATE TABLE dbo."Name_Security" ("ID" varchar(10) PRIMARY KEY, "WEB_LOGIN" varchar(60), "PASSWORD" varchar(100), "LAST_LOGIN" timestamp);
CREATE TABLE dbo."Activity" ("SEQN" integer PRIMARY KEY, "ID" varchar(10) NOT NULL DEFAULT '', "ACTIVITY_TYPE" varchar(10) NOT NULL DEFAULT '',
  "TRANSACTION_DATE" timestamp, "EFFECTIVE_DATE" timestamp, "THRU_DATE" timestamp, "PRODUCT_CODE" varchar(31) NOT NULL DEFAULT '',
  "OTHER_CODE" varchar(30) NOT NULL DEFAULT '', "AMOUNT" numeric(15,2) NOT NULL DEFAULT 0, "MEMBER_TYPE" varchar(5) NOT NULL DEFAULT '',
  "TIME_STAMP" bigint NOT NULL DEFAULT nextval('dbo.versions'));
CREATE TABLE dbo."Subscriptions" ("ID" varchar(10), "PRODUCT_CODE" varchar(31), "PROD_TYPE" varchar(10), "STATUS" varchar(5),
  "BEGIN_DATE" timestamp, "PAID_BEGIN" timestamp, "PAID_THRU" timestamp, "COMPLIMENTARY" boolean NOT NULL DEFAULT false,
  "PAYMENT_DATE" timestamp, "DATE_ADDED" timestamp, "LAST_UPDATED" timestamp,
  "TIME_STAMP" bigint NOT NULL DEFAULT nextval('dbo.versions'), PRIMARY KEY ("ID", "PRODUCT_CODE"));
CREATE TABLE dbo."Trans" ("TRANS_NUMBER" integer, "LINE_NUMBER" integer, "SUB_LINE_NUMBER" integer DEFAULT 0, "BT_ID" varchar(10),
  "ST_ID" varchar(10), "SOURCE_SYSTEM" varchar(10), "JOURNAL_TYPE" varchar(5), "TRANSACTION_TYPE" varchar(5), "TRANSACTION_DATE" timestamp,
  "PRODUCT_CODE" varchar(31) NOT NULL DEFAULT '', "PROD_TYPE" varchar(10) NOT NULL DEFAULT '', "PAID_THRU" timestamp,
  "MONTHS_PAID" integer NOT NULL DEFAULT 0, "AMOUNT" numeric(15,2) NOT NULL DEFAULT 0, "ACTIVITY_SEQN" integer NOT NULL DEFAULT 0,
  "DATE_ENTERED" timestamp, "CC_NUMBER" varchar(25), "TIME_STAMP" bigint NOT NULL DEFAULT nextval('dbo.versions'),
  PRIMARY KEY ("TRANS_NUMBER", "LINE_NUMBER", "SUB_LINE_NUMBER"));
CREATE TABLE dbo."Invoice" ("REFERENCE_NUM" integer PRIMARY KEY, "BT_ID" varchar(10), "INVOICE_DATE" timestamp,
  "CHARGES" numeric(15,2) NOT NULL DEFAULT 0, "SOURCE_SYSTEM" varchar(10));
CREATE TABLE dbo."Orders" ("ORDER_NUMBER" numeric(15,2) PRIMARY KEY, "ORDER_TYPE_CODE" varchar(10), "STATUS" varchar(5), "ORDER_DATE" timestamp,
  "BT_ID" varchar(10), "ST_ID" varchar(10), "TOTAL_CHARGES" numeric(15,2) DEFAULT 0, "ENTERED_DATE_TIME" timestamp,
  "UPDATED_DATE_TIME" timestamp, "TIME_STAMP" bigint NOT NULL DEFAULT nextval('dbo.versions'));
CREATE TABLE dbo."Order_Meet" ("ORDER_NUMBER" numeric(15,2) PRIMARY KEY, "MEETING" varchar(10));
CREATE TABLE dbo."Meet_Master" ("MEETING" varchar(10) PRIMARY KEY, "TITLE" varchar(60), "BEGIN_DATE" timestamp,
  "TIME_STAMP" bigint NOT NULL DEFAULT nextval('dbo.versions'));
CREATE TABLE dbo."ContactMain" ("ContactKey" uuid PRIMARY KEY, "ID" varchar(12));
CREATE TABLE dbo."CommunicationLogRecipient" ("CommunicationLogRecipientKey" uuid PRIMARY KEY, "CommunicationLogKey" uuid, "ContactKey" uuid);
CREATE TABLE dbo."CommunicationLogEvent" ("CommunicationLogEventKey" uuid PRIMARY KEY, "CommunicationLogRecipientKey" uuid,
  "CommunicationLogEventTypeCode" varchar(20), "EventDateTime" timestamp);
"""

# 30 members; 3 of them are one company's and two of its people; 00007 was dropped in 2025; 99999 is marked as deleted.
ROWS = """
INSERT INTO dbo."Name" ("ID", "MEMBER_TYPE", "FIRST_NAME", "LAST_NAME", "EMAIL", "WORK_PHONE", "CHAPTER", "JOIN_DATE", "DATE_ADDED", "LAST_UPDATED", "BIRTH_DATE", "COMPANY", "FUNCTIONAL_TITLE")
  SELECT lpad(n::text, 5, '0'), 'REG', 'First' || n, 'Last' || n, 'm' || n || '@example.org', '555-' || n, 'CH' || n % 3, '2020-01-15', '2020-01-15',
    timestamp '2023-05-01 09:00' + n * interval '1 hour', '1970-06-01', 'Works ' || n, 'Analyst  ' FROM generate_series(1, 30) n;
UPDATE dbo."Name" SET "COMPANY_RECORD" = true, "MEMBER_TYPE" = 'CORP', "JOIN_DATE" = NULL WHERE "ID" = '00001';
UPDATE dbo."Name" SET "CO_ID" = '00001' WHERE "ID" IN ('00002', '00003');
UPDATE dbo."Name" SET "MEMBER_TYPE" = 'NM', "PREVIOUS_MT" = 'REG', "MT_CHANGE_DATE" = '2024-04-01', "LAST_UPDATED" = '2024-04-01 08:00', "EXCLUDE_MAIL" = true WHERE "ID" = '00007';
INSERT INTO dbo."Name" ("ID", "MEMBER_TYPE", "STATUS", "JOIN_DATE", "LAST_UPDATED") VALUES ('99999', 'REG', 'DUP', '2020-01-01', '2022-01-01');
INSERT INTO dbo."Name_Log" VALUES ('2024-04-01 08:00', 'CHANGE', 'CHANGE', 'STAFF', '00007', 'Name.MEMBER_TYPE: REG -> NM'),
  ('2022-02-01 10:00', 'CHANGE', 'CHANGE', 'STAFF', '00008', 'Name.CHAPTER: OLD -> CH2'), ('2022-02-01 10:00', 'CHANGE', 'CHANGE', 'STAFF', '00008', 'Name.COMPANY:  -> Works 8'),
  ('2022-03-01 10:00', 'CHANGE', 'ADD', 'STAFF', '00009', 'Name.EMAIL:  -> x');
INSERT INTO dbo."Activity" ("SEQN", "ID", "ACTIVITY_TYPE", "TRANSACTION_DATE", "MEMBER_TYPE", "AMOUNT")
  SELECT y * 100 + n, lpad(n::text, 5, '0'), 'DUES', make_timestamp(y, 1, 10, 0, 0, 0), 'REG', 120 FROM generate_series(1, 30) n, generate_series(2021, 2024) y
  WHERE n <> 7 AND n <> 1;
INSERT INTO dbo."Trans" ("TRANS_NUMBER", "LINE_NUMBER", "BT_ID", "ST_ID", "SOURCE_SYSTEM", "JOURNAL_TYPE", "TRANSACTION_TYPE", "TRANSACTION_DATE", "PRODUCT_CODE", "PROD_TYPE", "PAID_THRU", "MONTHS_PAID", "AMOUNT", "ACTIVITY_SEQN", "DATE_ENTERED", "CC_NUMBER")
  SELECT y * 100 + n, l, lpad(n::text, 5, '0'), lpad(n::text, 5, '0'), 'DUES', 'PAY', CASE l WHEN 3 THEN 'PAY' ELSE 'DIST' END, make_timestamp(y, 1, 10, 0, 0, 0),
    CASE l WHEN 3 THEN '' ELSE 'REG' END, CASE l WHEN 3 THEN '' ELSE 'DUES' END, CASE l WHEN 3 THEN NULL ELSE make_timestamp(y, 12, 31, 0, 0, 0) END,
    CASE l WHEN 3 THEN 0 ELSE 12 END, CASE l WHEN 1 THEN -100 WHEN 2 THEN -20 ELSE 120 END, CASE WHEN n IN (1, 7) THEN 0 ELSE y * 100 + n END,
    make_timestamp(y, 1, 11, 9, 30, 0), '4111' FROM generate_series(1, 30) n, generate_series(2021, 2024) y, generate_series(1, 3) l
  WHERE n < 29 AND NOT (n = 7 AND y > 2023);
INSERT INTO dbo."Subscriptions" ("ID", "PRODUCT_CODE", "PROD_TYPE", "STATUS", "BEGIN_DATE", "PAID_BEGIN", "PAID_THRU", "COMPLIMENTARY", "PAYMENT_DATE", "LAST_UPDATED")
  SELECT lpad(n::text, 5, '0'), 'REG', 'DUES', 'A', '2020-01-15', '2024-01-01', '2024-12-31', false, '2024-01-10', '2024-01-11' FROM generate_series(1, 29) n WHERE n <> 7;
INSERT INTO dbo."Subscriptions" ("ID", "PRODUCT_CODE", "PROD_TYPE", "STATUS", "BEGIN_DATE", "COMPLIMENTARY", "LAST_UPDATED") VALUES ('00030', 'LIFE', 'DUES', 'A', '2020-01-15', true, '2020-01-15');
INSERT INTO dbo."Invoice" VALUES (1, '00002', '2024-12-01', 120, 'DUES'), (2, '00003', '2031-01-01', 120, 'DUES');
INSERT INTO dbo."Meet_Master" VALUES ('ANN24', 'Annual meeting', '2024-06-01');
INSERT INTO dbo."Orders" ("ORDER_NUMBER", "ORDER_TYPE_CODE", "STATUS", "ORDER_DATE", "BT_ID", "ST_ID", "TOTAL_CHARGES", "ENTERED_DATE_TIME", "UPDATED_DATE_TIME") VALUES
  (1001, 'MEETING', '', '2024-03-01', '00001', '00002', 250, '2024-03-01 10:00', '2024-03-01 10:00'),
  (1002, 'MEETING', 'C', '2024-03-01', '00003', '00003', 250, '2024-03-01 10:00', '2024-05-01 12:00'), (1003, 'REGULAR', '', '2024-03-01', '00003', '00003', 10, '2024-03-01 10:00', NULL);
INSERT INTO dbo."Order_Meet" VALUES (1001, 'ANN24'), (1002, 'ANN24');
INSERT INTO dbo."Activity" ("SEQN", "ID", "ACTIVITY_TYPE", "TRANSACTION_DATE", "EFFECTIVE_DATE", "THRU_DATE", "OTHER_CODE", "AMOUNT") VALUES
  (1, '00004', 'COMMITTEE', '2023-01-01', '2023-01-01', '2025-06-30', 'FIN', 0), (2, '00005', 'GIFT', '2024-02-02', NULL, NULL, '', 50), (3, '00005', 'CALL', '2024-02-03', NULL, NULL, '', 0), (4, '00006', 'ODD', '2024-02-03', NULL, NULL, '', 0);
INSERT INTO dbo."ContactMain" SELECT ('00000000-0000-0000-0000-0000000' || lpad(n::text, 5, '0'))::uuid, lpad(n::text, 5, '0') FROM generate_series(1, 30) n;
INSERT INTO dbo."CommunicationLogRecipient" SELECT ('10000000-0000-0000-0000-0000000' || lpad(n::text, 5, '0'))::uuid, '20000000-0000-0000-0000-000000000000', ('00000000-0000-0000-0000-0000000' || lpad(n::text, 5, '0'))::uuid FROM generate_series(1, 30) n;
INSERT INTO dbo."CommunicationLogEvent" SELECT gen_random_uuid(), ('10000000-0000-0000-0000-0000000' || lpad(n::text, 5, '0'))::uuid, k, '2024-09-01 10:00' FROM generate_series(1, 30) n, unnest(ARRAY['Delivered', 'Open', 'Queued']) k;
CREATE ROLE reader LOGIN PASSWORD 'read-only-please';
CREATE ROLE stranger LOGIN PASSWORD 'read-only-please';
GRANT USAGE ON SCHEMA dbo TO reader, stranger;
GRANT SELECT ON ALL TABLES IN SCHEMA dbo TO reader;
"""  # noqa: E501


def _as_nobody_special(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    special = os.geteuid() == 0
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command] if special else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that asks for passwords, without login and database, such as `127.0.0.1:5432`."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    programs = next((p for p in [*places, *([Path(found).parent] if found else [])] if (p / "postgres").exists()), None)
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine (apt install postgresql)")
    with tempfile.TemporaryDirectory(prefix="tenure-pg-") as name:
        Path(name, "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (name, f"{name}/password"):
                shutil.chown(path, "postgres", "postgres")
        port, quiet = _free_port(), {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": name}
        secret = ["-A", "scram-sha-256", f"--pwfile={name}/password"]
        made = [f"{programs}/initdb", "-D", f"{name}/data", "-U", "owner", *secret, "-E", "UTF8", "--no-sync"]
        subprocess.run(_as_nobody_special(made), check=True, **quiet)
        told = ["-p", str(port), "-k", name, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        command = [f"{programs}/postgres", "-D", f"{name}/data", *told]
        running = subprocess.Popen(_as_nobody_special(command), **quiet)
        try:
            _when_it_answers(port)
            yield f"127.0.0.1:{port}"
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait(timeout=30)


def _when_it_answers(port: int) -> None:
    for _ in range(300):
        try:
            connect(f"127.0.0.1:{port}", "postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("PostgreSQL did not begin to answer")


def connect(address: str, database: str) -> psycopg.Connection:
    """A connection that may do anything."""
    return psycopg.connect(f"postgresql://owner:{PASSWORD}@{address}/{database}", autocommit=True)


class Database:
    """One database with the tables of an iMIS."""

    def __init__(self, address: str, name: str) -> None:
        with connect(address, "postgres") as db:
            for role in ("reader", "stranger"):
                db.execute(f"DROP ROLE IF EXISTS {role}") if name == "first" else None
            db.execute(f'CREATE DATABASE "{name}"')
        self.address, self.name = address, name
        roles = "CREATE ROLE"
        rows = "\n".join(line for line in ROWS.splitlines() if name == "first" or not line.startswith(roles))
        self.run(TABLES + rows)

    @property
    def url(self) -> str:
        return self.url_for("reader")

    def url_for(self, login: str) -> str:
        return f"postgresql://{login}@{self.address}/{self.name}"

    def run(self, statements: str) -> None:
        """Do what an iMIS would do."""
        with connect(self.address, self.name) as db:
            db.execute(statements)


class Databases:
    """New databases on one server."""

    def __init__(self, address: str) -> None:
        self.address, self._count = address, 0

    def new(self) -> Database:
        self._count += 1
        return Database(self.address, "first" if self._count == 1 else f"database{self._count}")
