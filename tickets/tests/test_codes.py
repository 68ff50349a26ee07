"""What a ticket's code promises: only ours, only unaltered, one spelling."""

import base64
import struct
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.codes import FIELDS, LONGEST_INPUT, PREFIX, CodeRefused, TicketCode, read, sign, verify
from tickets.keys import derive, new_key_id, public_bytes

SECRET = b"a signing secret that only this test knows about"
TICKET = uuid.UUID("018f3a70-0000-7000-8000-000000000001")
EVENT = uuid.UUID("018f3a70-0000-7000-8000-0000000000e1")
OTHER_EVENT = uuid.UUID("018f3a70-0000-7000-8000-0000000000e2")
KEY_ID = bytes.fromhex("c0ffee01")
KEY = derive(SECRET, KEY_ID)
KEYS = {KEY_ID: public_bytes(KEY)}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CODE = sign(KEY, KEY_ID, ticket=TICKET, event=EVENT, generation=3, valid_until=1_900_000_000)
# The order of Ed25519's group: adding it to S spells the same signature a second way.
ORDER = 2**252 + 27742317777372353535851937790883648493

uint16 = st.integers(1, 2**16 - 1)
uint32 = st.integers(0, 2**32 - 1)


def refusal(text, keys=KEYS):
    with pytest.raises(CodeRefused) as caught:
        verify(text, keys)
    return caught.value.reason


def spelled(raw):
    return PREFIX + base64.b32encode(raw).decode().rstrip("=")


def raw_of(text):
    body = text.removeprefix(PREFIX)
    return bytearray(base64.b32decode(body + "=" * (-len(body) % 8)))


@given(ticket=st.uuids(), event=st.uuids(), generation=uint16, valid_until=uint32)
def test_a_code_says_what_was_signed(ticket, event, generation, valid_until):
    text = sign(
        KEY, KEY_ID, ticket=ticket, event=event, generation=generation, valid_until=valid_until
    )
    code = verify(text, KEYS)
    assert (code.key_id, code.ticket, code.event) == (KEY_ID, ticket, event)
    assert (code.generation, code.valid_until) == (generation, valid_until)
    assert code.text == text


def test_a_code_fits_the_alphanumeric_mode_of_qr():
    assert len(CODE) == 174
    assert CODE.startswith(PREFIX)
    assert set(CODE) <= set(ALPHABET) | {"1"}


def test_every_single_wrong_bit_of_the_bytes_is_refused():
    for position in range(len(raw_of(CODE)) * 8):
        raw = raw_of(CODE)
        raw[position // 8] ^= 1 << position % 8
        assert refusal(spelled(raw)) in ("version", "unknown_key", "bad_signature")


def test_every_single_wrong_bit_of_the_text_is_refused():
    for position in range(len(CODE) * 8):
        text = bytearray(CODE.encode())
        text[position // 8] ^= 1 << position % 8
        assert refusal(text.decode("latin-1"))


@given(position=st.integers(0, len(CODE) - 1), letter=st.sampled_from(ALPHABET + "0189*-é "))
def test_every_single_wrong_letter_is_refused(position, letter):
    if CODE[position] != letter:
        assert refusal(CODE[:position] + letter + CODE[position + 1 :])


@given(length=st.integers(0, len(CODE) - 1))
def test_a_torn_code_is_refused(length):
    assert refusal(CODE[:length]) == "malformed"


@given(text=st.text(max_size=500))
def test_any_other_text_is_malformed(text):
    assert refusal(text) in ("malformed", "version")


def test_a_code_moved_to_another_event_is_refused():
    raw = raw_of(CODE)
    raw[21:37] = OTHER_EVENT.bytes
    assert read(spelled(raw)).event == OTHER_EVENT
    assert refusal(spelled(raw)) == "bad_signature"


def test_a_code_of_another_agency_is_refused():
    their_key_id = bytes.fromhex("c0ffee02")
    theirs = derive(SECRET, their_key_id)
    text = sign(theirs, their_key_id, ticket=TICKET, event=EVENT, generation=1)
    assert refusal(text) == "unknown_key"
    pretended = sign(theirs, KEY_ID, ticket=TICKET, event=EVENT, generation=1)
    assert refusal(pretended) == "bad_signature"


def test_a_retired_key_is_unknown():
    assert refusal(CODE, {new_key_id(): KEYS[KEY_ID]}) == "unknown_key"


def test_the_bare_payload_signed_for_another_purpose_is_refused():
    raw = raw_of(CODE)
    raw[FIELDS.size :] = KEY.sign(bytes(raw[: FIELDS.size]))
    assert refusal(spelled(raw)) == "bad_signature"


def test_a_newer_version_asks_for_an_update():
    raw = raw_of(CODE)
    raw[0] = 2
    assert refusal(spelled(raw)) == "version"
    assert refusal(spelled(raw + b"and more")) == "version"


def test_spaces_hyphens_and_small_letters_do_not_matter():
    grouped = "-".join(CODE[i : i + 6] for i in range(0, len(CODE), 6))
    assert verify(f"  {grouped.lower()} \r\n", KEYS) == verify(CODE, KEYS)


def test_capitals_and_small_letters_together_are_refused():
    assert refusal(CODE[:-1] + CODE[-1].lower()) == "malformed" or not CODE[-1].isalpha()
    assert refusal(CODE.replace("T1A", "T1a")) == "malformed"


def test_stray_bits_in_the_last_letter_are_refused():
    reasons = [refusal(CODE[:-1] + last) for last in ALPHABET if last != CODE[-1]]
    assert sorted(reasons) == ["bad_signature"] + ["malformed"] * 30


def test_padding_and_trailing_letters_are_refused():
    for tail in ("=", "====", "A", "AA", "AAAAAAAA"):
        assert refusal(CODE + tail) == "malformed"


def test_the_same_signature_spelled_a_second_way_is_refused():
    raw = raw_of(CODE)
    scalar = int.from_bytes(raw[-32:], "little") + ORDER
    raw[-32:] = scalar.to_bytes(32, "little")
    assert refusal(spelled(raw)) == "bad_signature"


def test_a_flood_of_text_is_refused_unread():
    assert refusal(CODE + " " * LONGEST_INPUT) == "malformed"


def test_a_code_runs_out_at_its_moment():
    code = read(CODE)
    assert code.is_valid_at(datetime.fromtimestamp(1_899_999_999, UTC))
    assert not code.is_valid_at(datetime.fromtimestamp(1_900_000_000, UTC))
    forever = TicketCode(KEY_ID, TICKET, EVENT, 1, 0, b"")
    assert forever.is_valid_at(datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("generation", [-1, 0, 2**16])
def test_a_generation_that_cannot_be_is_a_bug(generation):
    with pytest.raises((ValueError, struct.error)):
        sign(KEY, KEY_ID, ticket=TICKET, event=EVENT, generation=generation)


def test_keys_are_the_same_each_time_and_differ_by_key_id_and_secret():
    def public(secret=SECRET, key_id=KEY_ID):
        return public_bytes(derive(secret, key_id))

    assert public() == public()
    assert len(public()) == 32
    assert public() != public(key_id=new_key_id())
    assert public() != public(secret=SECRET + b"!")


def test_a_key_derived_today_is_the_key_of_the_first_release():
    """A changed derivation would void every ticket already sold."""
    assert (
        public_bytes(KEY).hex()
        == "3de0cfacef273f387c6d740fc4f9a9220cde3d0f740502d984e90df33a40c243"
    )


def test_a_short_secret_or_key_id_is_a_bug():
    with pytest.raises(ValueError, match="32 bytes"):
        derive(b"short", KEY_ID)
    with pytest.raises(ValueError, match="4 bytes"):
        derive(SECRET, b"abc")
    with pytest.raises(ValueError, match="4 bytes"):
        sign(KEY, b"abc", ticket=TICKET, event=EVENT, generation=1)
