-- Log-likelihood of k hits among n tries, at the rate that fits them best.
CREATE OR REPLACE TEMP MACRO hits_likelihood(k, n) AS (
    if(k > 0 AND k < n, k * ln(k / n) + (n - k) * ln(1 - k / n), 0.0)
);
