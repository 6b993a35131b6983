package dev.zmalloc.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How a trace writes its requests. */
public enum TraceFormat {
    /** Records of 24 bytes, with sizes: libCacheSim's {@code oracleGeneral}. */
    ORACLE,
    /** Big-endian 64-bit keys, as the traces of Corda in Caffeine's simulator. */
    INT64,
    /** Big-endian 32-bit keys, as the traces of cache2k. */
    INT32,
    /** Lines {@code time key size}; an object is one of a key and a size, as in the AdaptSize paper's traces. */
    ADAPTSIZE,
    /** Lines {@code first-block number-of-blocks ...}, each a run of keys, as in the ARC paper's traces. */
    ARC,
    /** Lines of one number each, as in the LIRS paper's traces; a {@code *} is passed over. */
    LIRS,
    /** JSON lines whose {@code hash_ids} are the keys, as Mooncake's traces of prompts. */
    MOONCAKE,
    /** Lines of a key, which may be any word, and, if sizes are known, its size. */
    KEYS;

    /** As much of a trace as is looked at to know its format. */
    static final int HEAD_BYTES = 1 << 14;

    private static final int LINES_LOOKED_AT = 8;
    private static final int KEYS_LOOKED_AT = 256;

    /** The format that {@code name} names. */
    public static TraceFormat parse(String name) {
        return Arrays.stream(values())
                .filter(format -> format.toString().equals(name.strip().toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no format of traces is called '" + name
                        + "'; there are "
                        + Arrays.stream(values()).map(TraceFormat::toString).collect(Collectors.joining(", "))));
    }

    /** The name, as {@link #parse} takes it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    TraceReader reader(TraceInput in) {
        return switch (this) {
            case ORACLE, INT64, INT32 -> new BinaryReader(in, this);
            case ADAPTSIZE, ARC, LIRS, KEYS -> new TextReader(in, this);
            case MOONCAKE -> new MooncakeReader(in);
        };
    }

    /** Knows a format by the first bytes of a trace; {@code null} for none. */
    static @Nullable TraceFormat recognise(byte[] head) {
        return isText(head) ? recogniseText(head) : recogniseBinary(head);
    }

    private static boolean isText(byte[] head) {
        for (byte value : head) {
            if ((value >= 0 && value < ' ' && value != '\t' && value != '\n' && value != '\r') || value == 0x7f) {
                return false;
            }
        }
        return true;
    }

    /** By the fields of the first lines; the last may be cut, unless it is the only one. */
    private static @Nullable TraceFormat recogniseText(byte[] head) {
        String[] lines = new String(head, java.nio.charset.StandardCharsets.ISO_8859_1).split("\\R", -1);
        List<String[]> fields = new ArrayList<>();
        for (int index = 0; index < Math.max(1, lines.length - 1) && fields.size() < LINES_LOOKED_AT; index++) {
            if (!lines[index].isBlank()) {
                fields.add(lines[index].strip().split("[ \t]+"));
            }
        }
        if (fields.isEmpty()) {
            return null;
        }
        if (fields.getFirst()[0].startsWith("{")) {
            return MOONCAKE;
        }
        // Most of them decide, so that damage is told as damage.
        int columns = fields.get(fields.size() / 2).length;
        boolean numbers = fields.stream()
                                .filter(line -> Arrays.stream(line).allMatch(word -> word.matches("-?[0-9]+|\\*")))
                                .count()
                        * 2
                >= fields.size();
        return switch (columns) {
            case 1 -> numbers ? LIRS : KEYS;
            case 2 -> KEYS;
            case 3 -> numbers ? ADAPTSIZE : null;
            case 4 -> numbers ? ARC : null;
            default -> null;
        };
    }

    private static @Nullable TraceFormat recogniseBinary(byte[] head) {
        if (isOracle(head)) {
            return ORACLE;
        }
        int keys = Math.min(KEYS_LOOKED_AT, head.length / Long.BYTES);
        long upper = 0;
        long lower = 0;
        for (int index = 0; index < keys; index++) {
            upper |= Integer.toUnsignedLong((int) BinaryReader.INT_BIG.get(head, index * Long.BYTES));
            lower |= Integer.toUnsignedLong((int) BinaryReader.INT_BIG.get(head, index * Long.BYTES + Integer.BYTES));
        }
        // Two small numbers side by side are two keys; with the first always 0, or of any size, they are one.
        boolean twoSmall = upper != 0 && (upper | lower) >>> 24 == 0;
        if (twoSmall || head.length < Long.BYTES) {
            return head.length < Integer.BYTES ? null : INT32;
        }
        return INT64;
    }

    /** In order of time, and each key's next access comes later. */
    private static boolean isOracle(byte[] head) {
        int records = head.length / BinaryReader.ORACLE_RECORD_BYTES;
        long lastTime = 0;
        for (int index = 0; index < records; index++) {
            int offset = index * BinaryReader.ORACLE_RECORD_BYTES;
            long time = Integer.toUnsignedLong((int) BinaryReader.INT_LITTLE.get(head, offset));
            long next = (long) BinaryReader.LONG_LITTLE.get(head, offset + BinaryReader.ORACLE_NEXT_OFFSET);
            // A trace that was cut out of a longer one counts on from there, so no upper bound but a sane one.
            if (time < lastTime || next < -1 || (next >>> 48 != 0 && next != -1)) {
                return false;
            }
            lastTime = time;
        }
        return records > 0;
    }
}
