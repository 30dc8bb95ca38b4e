-- users of OneRoster: a row for each agent of a student, and for each who is one
INSERT INTO rows BY NAME
WITH users AS (
    SELECT filled({sourcedid}) AS id, {is_student} AS is_student,
        {is_agent} AS is_agent, {agentsourcedids} AS agents, {school} AS schools,
        {email} AS email, {sms} AS sms
    FROM {source} {joined}
    WHERE coalesce(lower(trim({status})), '') <> 'tobedeleted'),
parts AS (SELECT *, unnest(CASE WHEN is_student AND agents <> ''
    THEN string_split(agents, ',') ELSE [NULL] END) AS agent FROM users)
SELECT CASE WHEN is_student THEN key('student', id) END AS student,
    is_student AS lists_student,
    CASE WHEN is_student THEN filled(string_split(schools, ',')[1]) END AS school,
    CASE WHEN is_student THEN key('contact', agent) WHEN is_agent
        THEN key('contact', id) END AS contact,
    is_agent AND NOT is_student AS lists_contact,
    is_agent AND NOT is_student AS own,
    CASE WHEN NOT is_student THEN textable(digits(sms)) END AS number,
    CASE WHEN NOT is_student THEN key('email', lower(email)) END AS email
FROM parts WHERE is_student OR is_agent
