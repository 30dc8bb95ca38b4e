-- half of the rows, each with what the choices make of it
INSERT INTO marked BY NAME SELECT {by} student, contact, number,
    CASE WHEN student IS NULL THEN alone() WHEN contact IS NULL THEN 0
        ELSE coalesce(mask, 0) END
    | CASE WHEN number IS NULL OR contact IS NULL THEN 0 ELSE coalesce(text, 0) END
    | coalesce(self_, 0) | notes_in(notes) AS bits
FROM {rows} AS rows LEFT JOIN meant USING (words) WHERE rows.rowid {half}
