import { Words } from "@/i18n/words";
import { TopUps } from "@/view/topups";

export default function Page() {
  return (
    <Words of={["listed", "money_out", "topups"]}>
      <TopUps />
    </Words>
  );
}
