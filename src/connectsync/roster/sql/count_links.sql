-- how many are alike
SELECT {named}, mask, count(*) FROM pairs
WHERE student IS NOT NULL AND contact IS NOT NULL GROUP BY ALL
