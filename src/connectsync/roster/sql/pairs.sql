-- a row for each student with each contact, and for who has none
CREATE OR REPLACE TEMP TABLE pairs AS
SELECT {by} contact, student,
    bit_or(CASE WHEN student IS NULL THEN 0 ELSE coalesce(mask, 0) END) AS mask,
    bit_or(CASE WHEN number IS NULL THEN 0 ELSE coalesce(text, 0) END) AS text,
    bool_or(email IS NOT NULL) AS email,
    bool_or(coalesce(own, false)) AS own,
    bool_or(coalesce(self_, false)) AS self_,
    bool_or(lists_student) AS listed,
    bool_or(has_id) AS has_id,
    bool_or(has_number) AS has_number
FROM {rows} AS rows LEFT JOIN meant ON contact IS NOT NULL
    AND rows.type IS NOT DISTINCT FROM meant.type
    AND rows.relationship IS NOT DISTINCT FROM meant.relationship
    AND rows.phone_type IS NOT DISTINCT FROM meant.phone_type
GROUP BY {by} contact, student
