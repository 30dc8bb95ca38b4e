-- users of Clever's Data API: a row for each link of a contact and school of a student
INSERT INTO rows BY NAME
WITH users AS (/* users */),
-- what is of another kind from_json passes over: nobody is left out for that
roles AS (SELECT u.id AS id, u.email AS email, u.roles.student AS student,
    u.roles.contact AS contact FROM users
    WHERE CASE WHEN u.id IS NULL OR u.id < '!' OR is_nested(u.id)
            OR CASE WHEN u.roles.contact IS NULL THEN u.roles.student.school IS NULL
                ELSE is_nested(u.roles.contact.phone)
                    OR len(list_filter(u.roles.contact.student_relationships, lambda r:
                        r.student IS NULL OR is_nested(r.student))) IS DISTINCT FROM 0
                END
        THEN CASE WHEN wrong_in(one) IS NOT NULL
            THEN error('not understood: ' || wrong_in(one)) ELSE u.id IS NOT NULL END
        ELSE true END),
-- what is large is left behind before users are parted
flat AS (SELECT key(id) AS who, student IS NOT NULL AS is_student,
    contact IS NOT NULL AS is_contact, student.school AS school,
    contact.phone_type AS phone_type, textable(contact.phone) AS number,
    key(lower(email)) AS email,
    note_if(0, is_filled(email)) | note_if(1, is_filled(contact.sis_id))
        | note_if(2, contact IS NOT NULL) | CASE WHEN student IS NOT NULL
            THEN note(3) | note(5) | note(7) | note_if(4, is_filled(student.sis_id))
                | note_if(6, is_filled(student.student_number)) ELSE 0 END AS notes,
    CASE WHEN contact IS NOT NULL AND len(contact.student_relationships) > 0
            THEN contact.student_relationships
        WHEN student IS NOT NULL AND len(student.schools) > 0 THEN list_transform(
            student.schools, lambda s: {'student': s, 'type': '', 'relationship': ''})
        ELSE [NULL] END AS parts FROM roles),
parted AS (SELECT * EXCLUDE parts, unnest(parts) AS part FROM flat),
worded AS (SELECT
    CASE WHEN is_student THEN who ELSE key(part.student) END AS student,
    CASE WHEN is_student THEN coalesce(part.student, school) END AS school,
    CASE WHEN is_contact THEN who END AS contact,
    CASE WHEN is_contact THEN part.type END AS type,
    CASE WHEN is_contact THEN part.relationship END AS relationship,
    phone_type, number, email, notes
    FROM parted),
hashed AS (SELECT *, hash(type, relationship, phone_type) AS words FROM worded)
SELECT hashed.* EXCLUDE (type, relationship, phone_type), CASE WHEN known.words IS NULL
    THEN [hashed.type, hashed.relationship, hashed.phone_type] END AS own
FROM hashed LEFT JOIN known USING (words)
