package dev.zmalloc.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import java.io.IOException;
import java.util.Arrays;

/** Traces of JSON lines, each with the blocks of one prompt: {@code {"hash_ids": [46, 47, 48], ...}}. */
final class MooncakeReader extends TraceReader {
    static final String KEYS_FIELD = "hash_ids";

    private final JsonFactory json = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private long[] keys = new long[64];
    private int count;
    private int taken;

    MooncakeReader(TraceInput in) {
        super(in);
    }

    @Override
    public boolean next() throws IOException {
        while (taken == count) {
            if (!in.nextLine()) {
                return false;
            }
            taken = 0;
            count = 0;
            if (!isEmpty()) {
                parseLine();
            }
        }
        key = keys[taken++];
        return true;
    }

    private boolean isEmpty() {
        for (int index = 0; index < in.lineBytes(); index++) {
            if (!TextReader.isBlank(in.line()[index])) {
                return false;
            }
        }
        return true;
    }

    private void parseLine() throws IOException {
        try (JsonParser parser = json.createParser(in.line(), 0, in.lineBytes())) {
            boolean found = false;
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw in.damagedLine("not a JSON object: " + in.lineText(0, in.lineBytes()));
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean wanted = parser.currentName().equals(KEYS_FIELD);
                parser.nextToken();
                if (wanted) {
                    found = true;
                    takeKeys(parser);
                } else {
                    parser.skipChildren();
                }
            }
            if (!found) {
                throw in.damagedLine("no " + KEYS_FIELD + " in " + in.lineText(0, in.lineBytes()));
            }
            if (parser.nextToken() != null) {
                throw in.damagedLine("more than one JSON object");
            }
        } catch (InputCoercionException e) {
            throw in.damagedLine("a key does not fit 64 bits");
        } catch (JsonProcessingException e) {
            throw in.damagedLine("broken JSON: " + e.getOriginalMessage().replaceAll("\\s*\\R\\s*", " "));
        }
    }

    private void takeKeys(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw in.damagedLine(KEYS_FIELD + " is not an array");
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
                throw in.damagedLine(KEYS_FIELD + " holds " + parser.currentToken() + ", not whole numbers only");
            }
            if (count == keys.length) {
                keys = Arrays.copyOf(keys, 2 * count);
            }
            keys[count++] = parser.getLongValue();
        }
    }
}
