-- The tables of a stock iMIS database, as far as Tenure reads them, for PostgreSQL.
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
