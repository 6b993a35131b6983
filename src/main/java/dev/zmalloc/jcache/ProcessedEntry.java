package dev.zmalloc.jcache;

import java.util.Objects;
import javax.cache.processor.MutableEntry;
import org.jspecify.annotations.Nullable;

/** An entry in the hands of an entry processor: remembers what is to become of it. Used by one thread, for one call. */
final class ProcessedEntry<K, V> implements MutableEntry<K, V> {
    /** What a processor has done last. */
    enum Step {
        NONE,
        READ,
        LOADED,
        SET,
        REMOVED
    }

    private final K key;
    private final @Nullable V before;
    private final ReadWriteThrough<K, V> through;
    private @Nullable V value;
    private Step step = Step.NONE;

    ProcessedEntry(K key, @Nullable V before, ReadWriteThrough<K, V> through) {
        this.key = key;
        this.before = before;
        this.through = through;
        value = before;
    }

    @Override
    public K getKey() {
        return key;
    }

    @Override
    public boolean exists() {
        return value != null;
    }

    @Override
    @SuppressWarnings("NullAway") // null if there is none, as the interface says
    public V getValue() {
        if (step == Step.NONE) {
            if (value != null) {
                step = Step.READ;
            } else if (through.reads()) {
                value = through.load(key);
                step = value == null ? Step.NONE : Step.LOADED;
            }
        }
        return value;
    }

    @Override
    public void setValue(V newValue) {
        value = Objects.requireNonNull(newValue, "value");
        step = Step.SET;
    }

    @Override
    public void remove() {
        boolean isOwn = before == null && (step == Step.SET || step == Step.LOADED);
        value = null;
        step = isOwn ? Step.NONE : Step.REMOVED;
    }

    @Override
    public <T> T unwrap(Class<T> type) {
        return OffHeapCacheManager.unwrap(type, this);
    }

    /** Does what the processor has asked for. Under the key's lock. */
    void apply(JCacheEntries<K, V> entries) {
        V after = value;
        switch (step) {
            case NONE -> {}
            case READ -> entries.accessed(key);
            case LOADED -> entries.load(key, Objects.requireNonNull(after), null);
            case SET -> {
                Objects.requireNonNull(after);
                through.write(key, after);
                entries.put(key, after, before);
            }
            case REMOVED -> {
                through.delete(key);
                if (before != null) {
                    entries.remove(key, before);
                }
            }
        }
    }
}
