-- a row of students.csv or contacts.csv: a student, a contact, or both
INSERT INTO rows BY NAME
WITH spelled AS (SELECT *, usual({phone}) AS usual, key({student}) AS student,
    key({contact}) AS own FROM {source}),
numbered AS (SELECT *, CASE WHEN usual IS NULL AND {phone} <> ''
    THEN digits_in({phone}) END AS digits FROM spelled),
told AS (SELECT student,
    CASE WHEN own IS NOT NULL THEN own ELSE known_by({name}, {email},
        CASE WHEN usual IS NOT NULL THEN usual WHEN strlen(digits) = 10
            THEN ten(digits) WHEN digits <> '' THEN hash(digits) ELSE 0 END) END
        AS contact,
    CASE WHEN digits IS NULL THEN usual ELSE ten(digits) END AS number,
    {notes} | note_if(0, is_filled({email})) | note_if(1, own IS NOT NULL)
        | note_if(4, student IS NOT NULL) | note_if(6, is_filled({number})) AS notes,
    hash({type}, {relationship}, {phone_type}) AS words, {type} AS type,
    {relationship} AS relationship, {phone_type} AS phone_type {school}
    FROM numbered)
SELECT told.* EXCLUDE (type, relationship, phone_type), CASE WHEN known.words IS NULL
    THEN [told.type, told.relationship, told.phone_type] END AS own
FROM told LEFT JOIN known USING (words)
