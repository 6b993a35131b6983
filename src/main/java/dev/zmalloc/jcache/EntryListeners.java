package dev.zmalloc.jcache;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.cache.Cache;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryEventFilter;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryListener;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.event.EventType;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of a cache. Those that are synchronous are called at once, by the thread that made the change and under
 * the key's lock; the others by one thread of the cache's, so that each key's events come in their order.
 */
final class EntryListeners<K, V> {
    private static final System.Logger LOGGER = System.getLogger("dev.zmalloc");
    private static final long IDLE_SECONDS = 1;

    private final Cache<K, V> source;
    private final List<Registration<K, V>> registrations = new CopyOnWriteArrayList<>();
    private final ExecutorService executor;

    EntryListeners(Cache<K, V> source) {
        this.source = source;
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "zmalloc-jcache-listeners");
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        executor = pool;
    }

    /** A listener, made by its configuration. */
    private record Registration<K, V>(
            CacheEntryListenerConfiguration<K, V> configuration,
            CacheEntryListener<K, V> listener,
            @Nullable CacheEntryEventFilter<? super K, ? super V> filter) {
        void close() {
            Closing.close(listener);
            Closing.close(filter);
        }
    }

    @SuppressWarnings("unchecked") // who listens to less may be told of these
    void add(CacheEntryListenerConfiguration<K, V> configuration) {
        registrations.add(new Registration<>(
                configuration,
                (CacheEntryListener<K, V>)
                        configuration.getCacheEntryListenerFactory().create(),
                configuration.getCacheEntryEventFilterFactory() == null
                        ? null
                        : configuration.getCacheEntryEventFilterFactory().create()));
    }

    void remove(CacheEntryListenerConfiguration<K, V> configuration) {
        registrations.removeIf(registration -> {
            boolean isIt = registration.configuration().equals(configuration);
            if (isIt) {
                registration.close();
            }
            return isIt;
        });
    }

    /** Whether anybody wants to know of changes. */
    boolean any() {
        return !registrations.isEmpty();
    }

    void created(K key, V value) {
        tell(EventType.CREATED, key, value, null);
    }

    void updated(K key, V value, V before) {
        tell(EventType.UPDATED, key, value, before);
    }

    void removed(K key, V before) {
        tell(EventType.REMOVED, key, before, before);
    }

    void expired(K key, V before) {
        tell(EventType.EXPIRED, key, before, before);
    }

    private void tell(EventType type, K key, V value, @Nullable V before) {
        if (registrations.isEmpty()) {
            return;
        }
        RuntimeException thrown = null;
        EntryEvent<K, V> event = new EntryEvent<>(source, type, key, value, before);
        for (Registration<K, V> registration : registrations) {
            try {
                if (registration.configuration().isSynchronous()) {
                    call(registration, event);
                } else {
                    executor.execute(() -> callAndLog(registration, event));
                }
            } catch (RejectedExecutionException e) {
                // The cache was closed meanwhile.
            } catch (CacheEntryListenerException e) {
                thrown = e;
            } catch (RuntimeException e) {
                thrown = new CacheEntryListenerException(e);
            }
        }
        if (thrown != null) {
            throw thrown;
        }
    }

    private static <K, V> void callAndLog(Registration<K, V> registration, EntryEvent<K, V> event) {
        try {
            call(registration, event);
        } catch (RuntimeException | Error e) {
            LOGGER.log(System.Logger.Level.WARNING, "a listener has thrown", e);
        }
    }

    private static <K, V> void call(Registration<K, V> registration, EntryEvent<K, V> event) {
        if (registration.filter() != null && !registration.filter().evaluate(event)) {
            return;
        }
        Iterable<CacheEntryEvent<? extends K, ? extends V>> events = List.of(event);
        CacheEntryListener<K, V> listener = registration.listener();
        switch (event.getEventType()) {
            case CREATED -> {
                if (listener instanceof CacheEntryCreatedListener<K, V> wanting) {
                    wanting.onCreated(events);
                }
            }
            case UPDATED -> {
                if (listener instanceof CacheEntryUpdatedListener<K, V> wanting) {
                    wanting.onUpdated(events);
                }
            }
            case REMOVED -> {
                if (listener instanceof CacheEntryRemovedListener<K, V> wanting) {
                    wanting.onRemoved(events);
                }
            }
            case EXPIRED -> {
                if (listener instanceof CacheEntryExpiredListener<K, V> wanting) {
                    wanting.onExpired(events);
                }
            }
        }
    }

    /** Tells nobody any more, but what was to be told already. */
    void close() {
        executor.shutdown();
        registrations.forEach(Registration::close);
        registrations.clear();
    }
}
