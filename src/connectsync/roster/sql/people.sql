-- what each choice does with a contact
CREATE OR REPLACE TEMP TABLE people AS
SELECT {by} contact, bit_or(mask) AS guardian, bit_or(text) AS text,
    bit_or(mask) & ~bit_and(mask) AS partial,
    bool_or(email) AS email, bool_or(own) AS own, bool_or(self_) AS self_
FROM pairs WHERE contact IS NOT NULL GROUP BY {by} contact
