-- of values that may be names, the parts that stand in a name, email, phone or id; and
-- whether most contacts have a name that they can be compared with
WITH each_ AS (SELECT value, unnest(list_append(parts, squeezed)) AS part FROM asked),
found AS (SELECT value, list(part) AS theirs FROM each_
    WHERE hash(part) IN (SELECT part FROM theirs) GROUP BY value),
named AS (SELECT 2 * sum(total) FILTER (part = hash(' '))
    >= sum(total) FILTER (part = hash('')) AS named FROM theirs)
SELECT value, parts, squeezed, coalesce(found.theirs, []), odd, coalesce(named, false)
FROM asked LEFT JOIN found USING (value), named
