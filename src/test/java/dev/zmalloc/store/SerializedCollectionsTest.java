package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.Serializable;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Vector;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Collections behind the filter of serialization, which ask it for arrays that are in no stream. */
@SuppressWarnings({"JdkObsolete", "IdentityHashMapUsage"}) // users have them all
class SerializedCollectionsTest {
    private static final List<Integer> NUMBERS = List.of(3, 1, 2);
    private static final Map<String, Integer> NAMED = Map.of("a", 1, "b", 2, "c", 3);

    private static List<Collection<Integer>> collections() {
        return List.of(
                new ArrayList<>(NUMBERS),
                new LinkedList<>(NUMBERS),
                new ArrayDeque<>(NUMBERS),
                new Vector<>(NUMBERS),
                new PriorityQueue<>(NUMBERS),
                new HashSet<>(NUMBERS),
                new LinkedHashSet<>(NUMBERS),
                new TreeSet<>(NUMBERS),
                new CopyOnWriteArrayList<>(NUMBERS));
    }

    private static List<Map<String, Integer>> maps() {
        return List.of(new HashMap<>(NAMED), new LinkedHashMap<>(NAMED), new TreeMap<>(NAMED), new Hashtable<>(NAMED));
    }

    @SuppressWarnings("unchecked") // it is the class of the value
    private static <T> T roundTrip(T value, Class<?>... allowed) {
        Codec<Serializable> codec = Codecs.serializable((Class<Serializable>) value.getClass(), allowed);
        return (T) codec.decode(written(codec, (Serializable) value));
    }

    private static Codec<Object> objects(ObjectInputFilter filter) {
        return Codecs.objects(SerializedCollectionsTest.class.getClassLoader(), filter, false);
    }

    private static <T> MemorySegment written(Codec<T> codec, T value) {
        return MemorySegment.ofArray(((BytesCodec<T>) codec).arrayOf(value));
    }

    @Test
    void thoseThatAreAllowedComeBack() {
        assertThat(collections())
                .allSatisfy(each -> assertThat(roundTrip(each, Integer.class))
                        .hasSameClassAs(each)
                        .containsExactlyElementsOf(each));
        assertThat(maps())
                .allSatisfy(each -> assertThat(roundTrip(each, Integer.class))
                        .hasSameClassAs(each)
                        .isEqualTo(each));
        Map<String, List<Set<Integer>>> nested = new HashMap<>();
        nested.put("a", new ArrayList<>(List.of(new HashSet<>(NUMBERS))));
        assertThat(roundTrip(nested, ArrayList.class, HashSet.class, Integer.class))
                .isEqualTo(nested);
    }

    /** Else a value could be put and never be read. */
    @Test
    void aFilterIsAskedAtOnceForAllThatItIsAskedForLater() {
        Stream<Object> more = Stream.of(
                List.of(1),
                NUMBERS,
                NAMED,
                Set.of("a", "b", "c"),
                Collections.nCopies(3, "a"),
                new IdentityHashMap<>(NAMED),
                new PriorityBlockingQueue<>(NUMBERS),
                new Properties());
        Set<Class<?>> asked = new HashSet<>();
        Codec<Object> codec = objects(info -> {
            if (info.serialClass() != null) {
                asked.add(info.serialClass());
            }
            return ObjectInputFilter.Status.ALLOWED;
        });
        assertThat(Stream.of(collections().stream(), maps().stream(), more).flatMap(each -> each))
                .allSatisfy(each -> {
                    asked.clear();
                    MemorySegment written = written(codec, each);
                    Set<Class<?>> before = Set.copyOf(asked);
                    asked.clear();
                    codec.decode(written);
                    // A list that cannot be changed is written as something else, which comes to its class when read.
                    asked.remove(each.getClass());
                    assertThat(before).containsAll(asked);
                });
    }

    @Test
    void oneWhoseArraysAreRefusedIsNotWritten() {
        Codec<Object> narrow = objects(ObjectInputFilter.Config.createFilter("java.util.HashMap;!*"));
        assertThatThrownBy(() -> written(narrow, new HashMap<>()))
                .hasCauseInstanceOf(InvalidClassException.class)
                .hasStackTraceContaining("Map$Entry");
    }
}
