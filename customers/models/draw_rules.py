"""What the database refuses of draws, and reckons itself: the bodies of their triggers."""

FEWEST, MOST = 5, 20  # numbers of a lottery: fewer could be guessed
LEAST_HIGHEST, HIGHEST = 30, 999  # of the numbers it draws from
BEACON = r"^[0-9a-f]{64}$"
NUMBERS = r"^(0|[1-9][0-9]{0,2})( (0|[1-9][0-9]{0,2}))*$"
AN_HOUR = "draw_is_open_for_an_hour"
# As the triggers call what they refuse.
(
    NOT_OPEN,
    TERMS_STAY,
    FROZEN_STAYS,
    TOO_EARLY,
    TOO_LATE,
    NO_VALUE,
    VALUE_STAYS,
    SECOND,
    WAVES,
    EVENT_OVER,
) = (
    "draw_takes_entries_while_it_is_open",
    "draw_terms_stay",
    "draw_frozen_entries_stay",
    "draw_too_early",
    "draw_frozen_before_its_value_is_known",
    "draw_value_is_as_the_source_gives_it",
    "draw_value_stays",
    "draw_needs_a_second_person",
    "draw_lets_in_as_many_as_it_says",
    "draw_has_an_event_to_come",
)


def no(words, constraint):
    return (
        f"RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';"
    )


def is_over(event):
    return f"(SELECT status IN ('CANCELLED', 'COMPLETED') FROM events_event WHERE id = {event})"  # noqa: S608


FAIR = f"""
    IF NEW.status = OLD.status AND pg_trigger_depth() > 1 THEN
      RETURN NEW; -- a wave, which has a trigger of its own
    END IF;
    IF NEW.status <> OLD.status AND NEW.status <> 'CALLED_OFF' AND {is_over("NEW.event_id")} THEN
      {no("its event is over", EVENT_OVER)}
    END IF;
    IF OLD.status = 'DRAFT' AND NEW.status = 'OPEN' THEN
      NEW.published_at := clock_timestamp();
      NEW.opens_at := greatest(NEW.opens_at, NEW.published_at); -- nobody could register before
    ELSIF NEW.published_at IS DISTINCT FROM OLD.published_at THEN
      {no("when everybody saw it stays", TERMS_STAY)}
    END IF;
    IF OLD.status = 'OPEN' AND NEW.status = 'FROZEN' THEN
      IF clock_timestamp() < OLD.closes_at THEN
        {no("entries are taken until it closes", TOO_EARLY)}
      END IF;
      IF clock_timestamp() >= OLD.source_at THEN
        {no("the source may be known by now", TOO_LATE)}
      END IF;
      SELECT count(*), encode(sha256(convert_to(coalesce(
               string_agg(number || E'\\n', '' ORDER BY number COLLATE "C"), ''), 'UTF8')), 'hex')
        INTO NEW.entered, NEW.digest
        FROM customers_drawentry WHERE draw_id = NEW.id AND NOT is_struck;
      NEW.frozen_at := clock_timestamp();
      SELECT approval_above IS NOT NULL INTO NEW.needs_second
        FROM agencies_agency WHERE id = NEW.agency_id;
    ELSIF (NEW.entered, NEW.digest, NEW.frozen_at, NEW.needs_second)
          IS DISTINCT FROM (OLD.entered, OLD.digest, OLD.frozen_at, OLD.needs_second) THEN
      {no("what is frozen stays", FROZEN_STAYS)}
    END IF;
    IF NEW.status = 'CALLED_OFF' AND OLD.status <> 'CALLED_OFF' THEN
      NEW.called_off_at := clock_timestamp();
    ELSIF (NEW.called_off_at, NEW.why_off) IS DISTINCT FROM (OLD.called_off_at, OLD.why_off) THEN
      {no("why and when it was called off stays", TERMS_STAY)}
    END IF;
    IF NEW.let_in <> OLD.let_in THEN
      {no("who is let in follows from waves", WAVES)}
    END IF;
    IF OLD.status = 'FROZEN' AND NEW.status = 'TYPED' THEN
      IF clock_timestamp() < OLD.source_at THEN
        {no("the source is not known yet", TOO_EARLY)}
      END IF;
      IF OLD.source_kind = 'BEACON' AND NEW.value !~ '{BEACON}'
         OR OLD.source_kind = 'NUMBERS' AND (NEW.value !~ '{NUMBERS}' OR
           (SELECT count(DISTINCT n) <> OLD.source_count OR max(n) > OLD.source_highest
              OR string_agg(n::text, ' ' ORDER BY n) <> NEW.value
            FROM (SELECT unnest(string_to_array(NEW.value, ' '))::int AS n
                  WHERE NEW.value ~ '{NUMBERS}') AS parts)) THEN
        {no("this is no value of the source", NO_VALUE)}
      END IF;
      NEW.typed_at := clock_timestamp();
    ELSIF OLD.status = 'TYPED' AND NEW.status = 'FROZEN' THEN
      NEW.value := '';
      NEW.typed_at := NULL;
      NEW.typed_by_id := NULL;
    ELSIF (NEW.value, NEW.typed_at, NEW.typed_by_id)
          IS DISTINCT FROM (OLD.value, OLD.typed_at, OLD.typed_by_id) THEN
      {no("the value was typed and stays", VALUE_STAYS)}
    END IF;
    IF OLD.status = 'TYPED' AND NEW.status = 'DRAWN' THEN
      NEW.drawn_at := clock_timestamp();
    ELSIF (NEW.drawn_at, NEW.confirmed_by_id)
          IS DISTINCT FROM (OLD.drawn_at, OLD.confirmed_by_id) THEN
      {no("it was drawn once", VALUE_STAYS)}
    END IF;
    RETURN NEW;
"""  # noqa: S608 - constants only
# bytea is compared byte by byte: the same order as that of the digest's hexadecimal letters.
RANK = """
    UPDATE customers_drawentry e SET rank = ranked.rank
      FROM (SELECT id, row_number() OVER (
              ORDER BY sha256(convert_to(NEW.value || '|' || number, 'UTF8')),
                       number COLLATE "C") AS rank
            FROM customers_drawentry WHERE draw_id = NEW.id AND NOT is_struck) ranked
      WHERE e.id = ranked.id;
    RETURN NULL;
"""
# A shared lock of the draw: whoever freezes it waits for those that are writing, and they for him.
# A generated column is not there yet in such a trigger, so it is left out of what is compared.
ENTRIES = f"""
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 AND OLD.rank IS NULL
       AND to_jsonb(NEW) - '{{rank,mailbox}}'::text[] = to_jsonb(OLD) - '{{rank,mailbox}}'::text[] THEN
      RETURN NEW; -- its draw gives it a place
    END IF;
    SELECT * INTO draw FROM customers_draw
      WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.draw_id ELSE NEW.draw_id END FOR SHARE;
    IF TG_OP = 'INSERT' THEN
      IF draw.status <> 'OPEN' OR clock_timestamp() < draw.opens_at
         OR clock_timestamp() >= draw.closes_at OR {is_over("draw.event_id")} THEN
        {no("this draw takes no entries now", NOT_OPEN)}
      END IF;
      IF NEW.rank IS NOT NULL OR NEW.withdrawn_at IS NOT NULL OR NEW.email IS NULL
         OR NEW.is_struck THEN
        {no("an entry begins with an address and no place", FROZEN_STAYS)}
      END IF;
      RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
      IF draw.status <> 'OPEN' OR OLD.is_struck THEN
        {no("a number that is frozen stays", FROZEN_STAYS)}
      END IF;
      RETURN OLD;
    END IF;
    IF (draw.status = 'OPEN') <> NEW.is_struck OR OLD.withdrawn_at IS NOT NULL
       OR NEW.email IS NOT NULL OR NEW.withdrawn_at IS NULL
       OR to_jsonb(NEW) - '{{email,mailbox,withdrawn_at,why_out,is_struck}}'::text[]
          <> to_jsonb(OLD) - '{{email,mailbox,withdrawn_at,why_out,is_struck}}'::text[] THEN
      {no("only the address of an entry can go", FROZEN_STAYS)}
    END IF;
    RETURN NEW;
"""  # noqa: S608 - constants only
LET_IN = f"""
    SELECT * INTO draw FROM customers_draw WHERE id = NEW.draw_id FOR NO KEY UPDATE;
    IF {is_over("draw.event_id")} THEN
      {no("its event is over", EVENT_OVER)}
    END IF;
    IF draw.status <> 'DRAWN' OR NEW.first <> draw.let_in + 1
       OR NEW.last > least(draw.places + draw.reserve, draw.entered)
       OR draw.let_in = 0 AND NEW.last <> least(draw.places, draw.entered) THEN
      {no("more were to be let in than were said, or others", WAVES)}
    END IF;
    UPDATE customers_draw SET let_in = NEW.last WHERE id = NEW.draw_id;
    RETURN NEW;
"""  # noqa: S608 - constants only
