-- how many are alike. A contact of whom each row says the same reaches a student by
-- the row alone; for the others, what another row says is added. Contacts of a student
-- are gone through only where there are more than five rows of them
WITH reaching AS (
    SELECT {by} student, contact, bits & ~choices_in(~0::UBIGINT) | choices_in(bits
        & CASE WHEN has(bits, 0) THEN bits ELSE texts_in(bits) END) AS bits
    FROM marked WHERE student IS NOT NULL
    UNION ALL
    SELECT {by} student, NULL, choices_in(bits
        & CASE WHEN has(once, 0) THEN bits ELSE texts_in(once) END)
    FROM marked JOIN (SELECT {by} contact, once FROM odd
            WHERE reach_in(once) <> reach_in(always))
        USING ({by} contact)
    WHERE student IS NOT NULL),
each_ AS (
    SELECT {by} student, bit_or(bits) AS bits, count(contact) AS rows_
    FROM reaching GROUP BY {by} student),
students AS MATERIALIZED (
    SELECT {by} choices_in(bits) AS reached, rows_ > 5 AS many,
        CASE WHEN has(bits, 5) THEN has(bits, 4) END AS has_id,
        CASE WHEN has(bits, 7) THEN has(bits, 6) END AS has_number,
        count(*) AS total, list(student) FILTER (rows_ > 5) AS who
    FROM each_ WHERE has(bits, 3) GROUP BY ALL),
crowded AS MATERIALIZED (
    SELECT {by} unnest(who) AS student, reached, has_id, has_number FROM students),
six AS (
    SELECT {by} student,
        (count(DISTINCT contact) FILTER (bits & 1 <> 0) > 5)::INTEGER
        + 2 * (count(DISTINCT contact) FILTER (bits & 2 <> 0) > 5)::INTEGER AS six
    FROM marked SEMI JOIN crowded USING ({by} student) GROUP BY {by} student)
SELECT {named}, reached, six, has_id, has_number, sum(total)::BIGINT FROM (
    SELECT {by} reached, 0 AS six, has_id, has_number, total FROM students
        WHERE NOT many
    UNION ALL SELECT {by} reached, six, has_id, has_number, 1
        FROM crowded JOIN six USING ({by} student))
GROUP BY ALL
