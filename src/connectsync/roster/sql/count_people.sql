-- how many are alike
SELECT {named}, guardian, text, partial, email, own, self_, count(*)
FROM people GROUP BY ALL
