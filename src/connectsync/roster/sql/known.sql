-- words that most rows hold: a row has to keep its own only where they are others
INSERT INTO known
SELECT hash(type, relationship, phone_type) AS all_, type, relationship, phone_type
FROM (SELECT unnest($type::VARCHAR[]) AS type),
    (SELECT unnest($relationship::VARCHAR[]) AS relationship),
    (SELECT unnest($phone_type::VARCHAR[]) AS phone_type)
WHERE all_ NOT IN (SELECT words FROM known)
