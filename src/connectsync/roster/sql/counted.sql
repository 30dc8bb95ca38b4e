-- what is counted from, empty: halves of it are added at the same time
CREATE OR REPLACE TABLE marked
    ({kept} student UBIGINT, contact UBIGINT, number UBIGINT, bits UBIGINT);
CREATE OR REPLACE TABLE people
    ({kept} once UBIGINT, always UBIGINT, again BOOLEAN, total BIGINT, who UBIGINT[])
