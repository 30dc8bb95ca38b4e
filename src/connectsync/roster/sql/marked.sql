-- each row with what the choices make of it
CREATE OR REPLACE TEMP TABLE marked AS
SELECT {by} student, contact, number,
    CASE WHEN student IS NULL THEN 0 ELSE coalesce(mask, 0) END
    | CASE WHEN number IS NULL THEN 0 ELSE coalesce(text, 0) END
    | coalesce(self_, 0) | flag_if(0, email IS NOT NULL) | flag_if(1, own)
    | flag_if(3, lists_student) | flag_if(4, has_id) | flag_if(5, has_id IS NOT NULL)
    | flag_if(6, has_number) | flag_if(7, has_number IS NOT NULL) AS bits
FROM {rows} AS rows LEFT JOIN meant ON contact IS NOT NULL
    AND rows.type IS NOT DISTINCT FROM meant.type
    AND rows.relationship IS NOT DISTINCT FROM meant.relationship
    AND rows.phone_type IS NOT DISTINCT FROM meant.phone_type
