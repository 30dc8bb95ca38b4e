-- users of OneRoster: a row for each agent of a student, and for each who is one
INSERT INTO rows BY NAME
WITH users AS (
    SELECT filled({sourcedid}) AS id, {is_student} AS is_student,
        {is_agent} AND NOT {is_student} AS is_agent, {agentsourcedids} AS agents,
        {email} AS email, {sms} AS sms, {schools} AS schools
    FROM {source} {joined}
    WHERE coalesce(lower(trim({status})), '') <> 'tobedeleted'),
parts AS (SELECT *, unnest(CASE WHEN is_student AND agents <> ''
    THEN string_split(agents, ',') ELSE [NULL] END) AS agent FROM users)
SELECT CASE WHEN is_student THEN key(id) END AS student,
    CASE WHEN is_student THEN key(agent) WHEN is_agent THEN key(id) END AS contact,
    CASE WHEN is_agent THEN textable(sms) END AS number,
    note_if(0, is_agent AND is_filled(email))
        | note_if(1, is_agent OR is_filled(agent))
        | note_if(2, is_agent) | note_if(3, is_student) AS notes,
    0::UBIGINT AS words {school}
FROM parts WHERE is_student OR is_agent
