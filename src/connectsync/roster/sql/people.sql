-- each contact: what holds in one of the rows, and what in all of them. Where links
-- are two, twins is 0 if both are with the same student
CREATE OR REPLACE TEMP TABLE people AS
SELECT {by} contact, bit_or(bits) AS once,
    bit_and(CASE WHEN student IS NULL THEN bits | choices_in(~0::UBIGINT) ELSE bits END)
        AS always,
    count(student) AS links, bit_xor(student) AS twins
FROM marked WHERE contact IS NOT NULL GROUP BY {by} contact
