-- a row of students.csv or contacts.csv: a student, a contact, or both
INSERT INTO rows BY NAME
SELECT key('student', {student}) AS student, {lists} AS lists_student,
    filled({student}) IS NOT NULL AS has_id, {has_number} AS has_number,
    {school} AS school,
    CASE WHEN trim({contact}) <> '' THEN key('contact', {contact})
        ELSE known_by({name}, {email}, {phone}) END AS contact,
    true AS lists_contact,
    filled({contact}) IS NOT NULL AS own,
    {type} AS type, {relationship} AS relationship, {phone_type} AS phone_type,
    textable({phone}) AS number,
    CASE WHEN trim({email}) <> '' THEN 1 END AS email
FROM {source}
