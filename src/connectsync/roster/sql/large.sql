-- schools that are not small
SELECT filled(school) AS school FROM rows
WHERE noted(notes, 3) AND student IS NOT NULL AND filled(school) IS NOT NULL
GROUP BY filled(school) HAVING count(DISTINCT student) >= $fewest ORDER BY school
