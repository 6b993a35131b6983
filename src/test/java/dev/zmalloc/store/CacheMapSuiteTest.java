package dev.zmalloc.store;

import com.google.common.collect.testing.ConcurrentMapTestSuiteBuilder;
import com.google.common.collect.testing.TestStringMapGenerator;
import com.google.common.collect.testing.features.CollectionFeature;
import com.google.common.collect.testing.features.CollectionSize;
import com.google.common.collect.testing.features.MapFeature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import junit.framework.Test;
import junit.framework.TestFailure;
import junit.framework.TestResult;
import junit.framework.TestSuite;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Guava's suite for a {@link java.util.concurrent.ConcurrentMap}, on the map of a cache: all that a general map has,
 * with removal through iterators, of any size. What does not apply:
 *
 * <ul>
 *   <li>{@code ALLOWS_NULL_KEYS}, {@code ALLOWS_NULL_VALUES}, {@code ALLOWS_NULL_ENTRY_QUERIES} and the like: nulls are
 *       refused, as by {@link java.util.concurrent.ConcurrentHashMap}
 *   <li>{@code KNOWN_ORDER}: the order is that of hashes by a random key
 *   <li>{@code FAILS_FAST_ON_CONCURRENT_MODIFICATION}: iterators go on, as a concurrent map's do
 *   <li>{@code REJECTS_DUPLICATES_AT_CREATION}: a cache is not made of entries
 *   <li>{@code SERIALIZABLE} and {@code SERIALIZABLE_INCLUDING_VIEWS}: a cache is memory of its process
 *   <li>{@code RESTRICTS_KEYS}, {@code RESTRICTS_VALUES}: codecs of strings take all strings
 *   <li>{@code SUBSET_VIEW}, {@code DESCENDING_VIEW}: it is not a sorted map
 * </ul>
 */
@Tag("process") // once is enough: it takes ten seconds
class CacheMapSuiteTest {
    private final List<OffHeapCache<String, String>> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.forEach(OffHeapCache::close);
        open.clear();
    }

    @TestFactory
    Stream<DynamicNode> plain() {
        return suite("plain", cache -> cache);
    }

    @TestFactory
    Stream<DynamicNode> withTimesAndAListener() {
        return suite(
                "with times and a listener",
                cache -> cache.expireAfterWrite(Duration.ofHours(2))
                        .expireAfterAccess(Duration.ofHours(1))
                        .executor(Runnable::run)
                        .removalListener((key, value, cause) -> {}));
    }

    private interface Setting {
        OffHeapCacheBuilder<String, String> set(OffHeapCacheBuilder<String, String> builder);
    }

    private Stream<DynamicNode> suite(String name, Setting setting) {
        TestSuite suite = ConcurrentMapTestSuiteBuilder.using(new TestStringMapGenerator() {
                    @Override
                    protected Map<String, String> create(Map.Entry<String, String>[] entries) {
                        OffHeapCache<String, String> cache = setting.set(
                                        OffHeapCache.builder(Codecs.STRING, Codecs.STRING))
                                .build();
                        open.add(cache);
                        Map<String, String> map = cache.asMap();
                        for (Map.Entry<String, String> entry : entries) {
                            map.put(entry.getKey(), entry.getValue());
                        }
                        return map;
                    }
                })
                .named("map of a cache, " + name)
                .withFeatures(
                        MapFeature.GENERAL_PURPOSE, CollectionFeature.SUPPORTS_ITERATOR_REMOVE, CollectionSize.ANY)
                .createTestSuite();
        return nodes(suite);
    }

    /** The tests of JUnit 3 as those of this one. */
    private Stream<DynamicNode> nodes(TestSuite suite) {
        List<DynamicNode> nodes = new ArrayList<>();
        for (Enumeration<Test> tests = suite.tests(); tests.hasMoreElements(); ) {
            Test test = tests.nextElement();
            nodes.add(
                    test instanceof TestSuite inner
                            ? DynamicContainer.dynamicContainer(inner.getName(), nodes(inner))
                            : DynamicTest.dynamicTest(test.toString(), () -> run(test)));
        }
        return nodes.stream();
    }

    private void run(Test test) throws Throwable {
        TestResult result = new TestResult();
        test.run(result);
        close();
        for (Enumeration<TestFailure> failures = result.errors(); failures.hasMoreElements(); ) {
            throw failures.nextElement().thrownException();
        }
        for (Enumeration<TestFailure> failures = result.failures(); failures.hasMoreElements(); ) {
            throw failures.nextElement().thrownException();
        }
    }
}
