-- how many are alike. A contact of whom each row says the same reaches a student by
-- the row alone; for the others, what another row says is added
WITH reaching AS (
    SELECT {by} student, contact, bits & ~choices_in(~0::UBIGINT) | choices_in(bits
        & CASE WHEN has(bits, 0) THEN bits ELSE texts_in(bits) END) AS bits,
        choices_in(bits) AS mask
    FROM marked WHERE student IS NOT NULL
    UNION ALL
    SELECT {by} student, NULL, choices_in(bits
        & CASE WHEN has(once, 0) THEN bits ELSE texts_in(once) END), 0
    FROM marked JOIN (SELECT {by} contact, once FROM people
            WHERE reach_in(once) <> reach_in(always))
        USING ({by} contact)
    WHERE student IS NOT NULL),
students AS (
    SELECT {by} student, bit_or(bits) AS bits,
        count(*) FILTER (mask & 1 <> 0) AS firsts,
        count(*) FILTER (mask & 2 <> 0) AS seconds
    FROM reaching GROUP BY {by} student),
again AS (
    SELECT {by} student, sum(greatest(firsts, 1) - 1) AS firsts,
        sum(greatest(seconds, 1) - 1) AS seconds
    FROM twice GROUP BY {by} student)
SELECT {named}, choices_in(bits),
    (students.firsts - coalesce(again.firsts, 0) > 5)::INTEGER
        + 2 * (students.seconds - coalesce(again.seconds, 0) > 5)::INTEGER AS six,
    CASE WHEN has(bits, 5) THEN has(bits, 4) END,
    CASE WHEN has(bits, 7) THEN has(bits, 6) END, count(*)
FROM students LEFT JOIN again USING ({by} student)
WHERE has(bits, 3) GROUP BY ALL
