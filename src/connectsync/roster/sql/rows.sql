-- a row of students.csv or contacts.csv: a student, a contact, or both
INSERT INTO rows BY NAME
WITH spelled AS (SELECT *, bare({phone}) AS bare FROM {source}),
numbered AS (SELECT *, usual_number(bare, TRY_CAST(bare AS UBIGINT)) AS usual
    FROM spelled)
SELECT key({student}) AS student,
    CASE WHEN is_filled({contact}) THEN key({contact}) ELSE known_by({name}, {email},
        CASE WHEN usual IS NOT NULL THEN bare ELSE all_digits({phone}) END) END
        AS contact,
    CASE WHEN usual IS NOT NULL THEN usual WHEN strlen({phone}) >= 10
        THEN ten(all_digits({phone})) END AS number,
    hash({type}, {relationship}, {phone_type}) AS words,
    {notes} | note_if(0, is_filled({email})) | note_if(1, is_filled({contact}))
        | note_if(4, is_filled({student})) | note_if(6, is_filled({number})) AS notes,
    {type} AS type, {relationship} AS relationship, {phone_type} AS phone_type {school}
FROM numbered
