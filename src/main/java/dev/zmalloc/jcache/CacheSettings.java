package dev.zmalloc.jcache;

import dev.zmalloc.MemoryLimits;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.Codec;
import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapCacheBuilder;
import java.io.ObjectInputFilter;
import java.io.ObjectInputFilter.Status;
import java.io.Serializable;
import java.util.Properties;
import java.util.Set;
import javax.cache.CacheException;
import org.jspecify.annotations.Nullable;

/** Opens the memory of a cache, by its configuration, and by properties for what that leaves open. */
final class CacheSettings {
    private static final String PREFIX = "zmalloc.jcache.";

    /** What is harmless to read and common in keys and values. */
    private static final Set<String> ALLOWED_PACKAGES = Set.of("java.lang", "java.util", "java.time", "java.math");

    private final Properties properties;
    private final ClassLoader loader;
    private final String name;

    CacheSettings(Properties properties, ClassLoader loader, String name) {
        this.properties = properties;
        this.loader = loader;
        this.name = name;
    }

    /** @param expired is told of what expires; {@code null} if nothing does */
    <K, V> OffHeapCache<K, V> open(OffHeapConfiguration<K, V> configuration, @Nullable ExpiredEntries<K, V> expired) {
        Codec<K> keys = configuration.getKeyCodec();
        Codec<V> values = configuration.getValueCodec();
        ObjectInputFilter filter = filter(configuration);
        OffHeapCacheBuilder<K, V> builder = OffHeapCache.builder(
                        keys != null ? keys : codec(configuration.getKeyType(), filter, true),
                        values != null ? values : codec(configuration.getValueType(), filter, false))
                .maxMemory(maxMemory(configuration))
                .evictionPolicy(policy(configuration));
        return (expired == null ? builder : builder.evictionListener(expired)).build();
    }

    private long maxMemory(OffHeapConfiguration<?, ?> configuration) {
        long bytes = configuration.getMaxMemory();
        String text = property("maxMemory");
        return bytes != OffHeapConfiguration.NOT_SET ? bytes : text == null ? 0 : MemoryLimits.parse(text);
    }

    private EvictionPolicy policy(OffHeapConfiguration<?, ?> configuration) {
        EvictionPolicy policy = configuration.getEvictionPolicy();
        String text = property("evictionPolicy");
        return policy != null ? policy : text == null ? EvictionPolicy.ALLKEYS_LRU : EvictionPolicy.parse(text);
    }

    private @Nullable String property(String setting) {
        for (String key : new String[] {PREFIX + name + '.' + setting, PREFIX + setting}) {
            String value = properties.getProperty(key);
            if (value != null) {
                return value;
            }
        }
        String value = System.getProperty(PREFIX + name + '.' + setting);
        return value != null ? value : System.getProperty(PREFIX + setting);
    }

    @SuppressWarnings("unchecked") // any class fits Object's codec; which come out is what went in
    private <T> Codec<T> codec(Class<T> type, ObjectInputFilter filter, boolean isKey) {
        return Codecs.isKnown(type) ? Codecs.of(type) : (Codec<T>) Codecs.objects(loader, filter, isKey);
    }

    private ObjectInputFilter filter(OffHeapConfiguration<?, ?> configuration) {
        String text =
                configuration.getSerialFilter() != null ? configuration.getSerialFilter() : property("serialFilter");
        ObjectInputFilter more = text == null ? info -> Status.UNDECIDED : ObjectInputFilter.Config.createFilter(text);
        Class<?> keyType = configuration.getKeyType();
        Class<?> valueType = configuration.getValueType();
        return info -> {
            Status status = more.checkInput(info);
            Class<?> asked = info.serialClass();
            if (status != Status.UNDECIDED || asked == null) {
                return status;
            }
            Class<?> element = elementType(asked);
            if (element.isPrimitive()
                    || element == Serializable.class // of arrays: no object is of an interface
                    || ALLOWED_PACKAGES.contains(element.getPackageName())
                    || isRelated(element, keyType)
                    || isRelated(element, valueType)) {
                return Status.ALLOWED;
            }
            throw new CacheException("the cache " + name + " is not allowed to keep objects of " + element.getName()
                    + ": declare the types of keys and values, or allow the class by the property " + PREFIX + name
                    + ".serialFilter or " + PREFIX + "serialFilter");
        };
    }

    private static Class<?> elementType(Class<?> type) {
        Class<?> element = type;
        while (element.isArray()) {
            element = element.getComponentType();
        }
        return element;
    }

    /** Whether a class extends, or is extended by, a type that was declared. Of the JDK's, all might. */
    private static boolean isRelated(Class<?> type, Class<?> declared) {
        Class<?> element = elementType(declared);
        return type.isAssignableFrom(element)
                || (!element.getPackageName().startsWith("java.") && element.isAssignableFrom(type));
    }
}
