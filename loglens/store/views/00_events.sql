-- What a service writes when it starts.
CREATE OR REPLACE TEMP MACRO is_start(text) AS (
    regexp_matches(
        text,
        '(?i)^\W*(?:(?:the )?(?:http |grpc |api |web )?(?:server|service|application|app|worker|process|daemon)\b'
        || '.{0,24}\b(?:starting|started|booting|booted|is ready|is up|listening)'
        || '(?:$|[.!,:]| (?:up|on|at|in|with|version|successfully|pid)\b)'
        || '|(?:starting|started|booting)(?: up)?(?: the)?(?: [\w.-]+)?'
        || ' (?:server|service|application|app|worker|daemon|nginx|uvicorn|gunicorn|tomcat|puma|sidekiq)\b'
        || '(?:$|[.!,:]| (?:up|on|at|in|with|version|process|successfully|pid|<)))'
        || '|listening (?:on|at) |ready to accept connections|^Started \w*Application in '
    )
);
-- What is written of a deploy, a setting or a migration that was changed.
CREATE OR REPLACE TEMP MACRO is_change(text) AS (
    regexp_matches(
        text,
        '(?i)\b(?:deploy(?:ed|ing|ment)|roll(?:ed|ing)?[ -]?(?:out|back)|rolling update|updated to version)\b'
        || '|\b(?:config(?:uration)?|settings?|feature flags?|secrets?|certificates?)\b.{0,40}'
        || '\b(?:changed|reloaded|updated|applied|enabled|disabled|rotated|toggled)\b'
        || '|\b(?:reload(?:ed|ing)|appl(?:ied|ying)|updat(?:ed|ing)|rotat(?:ed|ing))\b.{0,20}'
        || '\b(?:config(?:uration)?|settings?|feature flags?|secrets?|certificates?|migrations?)\b'
        || '|\b(?:migration\b.{0,40}\b(?:applied|started|finished|completed)|scaled? (?:up|down|from))\b'
    )
);
