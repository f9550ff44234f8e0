ALTER TABLE health_checks ADD COLUMN instance VARCHAR;
ALTER TABLE health_checks ADD COLUMN attributes JSON;
COMMENT ON COLUMN health_checks.ts IS 'Time of the response; that of the file where the response has none.';
COMMENT ON COLUMN health_checks.instance IS 'Instance that answered: pod, instance or host.';
COMMENT ON COLUMN health_checks.attributes IS 'Everything else that was in the response, as a JSON object; null when nothing was left.';
COMMENT ON COLUMN metric_samples.type IS 'gauge, counter, histogram_bucket, histogram_sum, histogram_count, summary, info, stateset or unknown.';
