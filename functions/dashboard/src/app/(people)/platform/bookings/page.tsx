import { Words } from "@/i18n/words";
import { Bookings } from "@/view/platform/bookings/bookings";

export default function Page() {
  return (
    <Words of={["ask", "bookings", "parts"]}>
      <Bookings />
    </Words>
  );
}
