-- how many are alike
SELECT {named}, reached, six, has_id, has_number, count(*) FROM (
    SELECT {by} student,
        bit_or(mask & CASE WHEN people.email THEN ~0::UBIGINT
            ELSE coalesce(people.text, 0) END) AS reached,
        (count(*) FILTER (mask & 1 <> 0) > 5)::INTEGER
            + 2 * (count(*) FILTER (mask & 2 <> 0) > 5)::INTEGER AS six,
        bool_or(listed) AS listed,
        bool_or(has_id) AS has_id, bool_or(has_number) AS has_number
    FROM pairs LEFT JOIN people USING ({by} contact)
    WHERE student IS NOT NULL GROUP BY {by} student)
WHERE listed GROUP BY ALL
