-- 30 members; 3 of them are one company's and two of its people; 00007 was dropped in 2025; 99999 is marked as deleted.
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
