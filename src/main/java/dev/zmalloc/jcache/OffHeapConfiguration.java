package dev.zmalloc.jcache;

import dev.zmalloc.MemoryLimits;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.Codec;
import java.util.Objects;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.MutableConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * A configuration that also says what is special to a cache in native memory. What it leaves open, properties may say
 * ({@link OffHeapCachingProvider}).
 *
 * <p>Keys and values of types that {@link dev.zmalloc.store.Codecs#of} knows are written by its codecs, if the types
 * are declared ({@link #setTypes}). Others go by {@link dev.zmalloc.store.Codecs#objects}, where classes are found by
 * the cache manager's class loader, and nothing is stored that the filter would not let in again: it allows the
 * declared types, what extends them and what they extend, the classes of {@code java.lang}, {@code java.util},
 * {@code java.time} and {@code java.math}, and what {@link #setSerialFilter} adds. To declare no types and to add
 * nothing leaves the classes of the JDK.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
@SuppressWarnings("exports") // JCache, which need not be there for who compiles against the rest
public class OffHeapConfiguration<K, V> extends MutableConfiguration<K, V> {
    private static final long serialVersionUID = 1L;

    static final long NOT_SET = -1;

    private long maxMemory = NOT_SET;
    private @Nullable EvictionPolicy evictionPolicy;
    private @Nullable String serialFilter;
    private transient @Nullable Codec<K> keyCodec;
    private transient @Nullable Codec<V> valueCodec;

    /** A configuration of an unlimited cache, as {@link MutableConfiguration}'s. */
    public OffHeapConfiguration() {}

    /** A copy of another. */
    public OffHeapConfiguration(CompleteConfiguration<K, V> configuration) {
        super(configuration);
        if (configuration instanceof OffHeapConfiguration<K, V> other) {
            maxMemory = other.maxMemory;
            evictionPolicy = other.evictionPolicy;
            serialFilter = other.serialFilter;
            keyCodec = other.keyCodec;
            valueCodec = other.valueCodec;
        }
    }

    /**
     * The limit in bytes on everything that the cache takes: see {@link dev.zmalloc.store.OffHeapStore#maxMemory}.
     *
     * @param bytes 0 for none
     * @throws IllegalArgumentException if it is negative
     */
    public OffHeapConfiguration<K, V> setMaxMemory(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("maxMemory is negative: " + bytes);
        }
        maxMemory = bytes;
        return this;
    }

    /**
     * The same as people write it: see {@link MemoryLimits#parse}.
     *
     * @throws IllegalArgumentException if {@code text} is no limit
     */
    public OffHeapConfiguration<K, V> setMaxMemory(String text) {
        return setMaxMemory(MemoryLimits.parse(text));
    }

    /** The limit in bytes; 0 for none, -1 if it was not set. */
    public long getMaxMemory() {
        return maxMemory;
    }

    /** What goes when the limit is reached. */
    public OffHeapConfiguration<K, V> setEvictionPolicy(EvictionPolicy policy) {
        evictionPolicy = Objects.requireNonNull(policy, "policy");
        return this;
    }

    /** What goes when the limit is reached; {@code null} if it was not set. */
    public @Nullable EvictionPolicy getEvictionPolicy() {
        return evictionPolicy;
    }

    /**
     * What classes keys and values may be made of besides the others: a pattern of {@link java.io.ObjectInputFilter}.
     */
    public OffHeapConfiguration<K, V> setSerialFilter(String pattern) {
        serialFilter = Objects.requireNonNull(pattern, "pattern");
        return this;
    }

    /** What classes may be serialized besides; {@code null} if it was not set. */
    public @Nullable String getSerialFilter() {
        return serialFilter;
    }

    /** What keys and values are written by, instead of what goes by their types. Not part of a serialized form. */
    public OffHeapConfiguration<K, V> setCodecs(Codec<K> keys, Codec<V> values) {
        keyCodec = Objects.requireNonNull(keys, "keys");
        valueCodec = Objects.requireNonNull(values, "values");
        return this;
    }

    /** What keys are written by; {@code null} if it was not set. */
    public @Nullable Codec<K> getKeyCodec() {
        return keyCodec;
    }

    /** What values are written by; {@code null} if it was not set. */
    public @Nullable Codec<V> getValueCodec() {
        return valueCodec;
    }
}
