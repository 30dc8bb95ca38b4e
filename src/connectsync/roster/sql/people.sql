-- how many of half the contacts are alike: what holds in one of the rows of each, and
-- what in all of them. Few have rows that differ in what counts, or may stand twice with
-- the same student, where links are two and twins is 0: who they are is kept as well
INSERT INTO people BY NAME
WITH each_ AS (
    SELECT {by} contact, bit_or(bits) AS once,
        bit_and(CASE WHEN student IS NULL THEN bits | choices_in(~0::UBIGINT)
            ELSE bits END) AS always,
        count(student) AS links, bit_xor(student) AS twins
    FROM marked WHERE contact & 1 = {half} GROUP BY {by} contact),
told AS (
    SELECT {by} contact, once, always, links > 2 OR (links = 2 AND twins = 0) AS again
    FROM each_)
SELECT {by} once, always, again, count(*) AS total,
    list(contact) FILTER (again OR (choices_in(once) <> 0
        AND (reach_in(once) <> reach_in(always)
            OR (choices_in(once) & texts_in(once) & 3 <> 0
                AND (choices_in(xor(once, always)) & 3 <> 0 OR once & alone() <> 0)))))
        AS who
FROM told GROUP BY ALL
