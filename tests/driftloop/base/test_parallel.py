from threading import Lock

import pytest

from driftloop.base.parallel import in_order, one_thread


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_in_order_and_not_far_ahead(workers: int) -> None:
    lock, begun, ahead = Lock(), [], []

    def double(number: int) -> int:
        with lock:
            begun.append(number)
        return 2 * number

    found = []
    for result in in_order(double, range(20), workers):
        found.append(result)
        ahead.append(len(begun) - len(found))
    assert found == [2 * number for number in range(20)]
    assert max(ahead) <= workers


def test_an_error_is_raised_where_its_result_is_due() -> None:
    results = in_order(lambda number: 1 // (3 - number), range(6), 2)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_one_thread_holds_for_openmp_as_long_as_it_is_asked_for() -> None:
    import sklearn.ensemble  # noqa: F401 - which loads OpenMP
    from threadpoolctl import threadpool_info, threadpool_limits

    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "openmp"}

    with threadpool_limits(2, user_api="openmp"):
        assert one_thread()(threads)() == {1}
        assert threads() == {2}
